// Drawing.
const pen = canvas.getContext("2d");
const over = overview.getContext("2d");
let ink = {};
let drawnMs = 0;

function readInk() {
  const style = getComputedStyle(document.documentElement);
  const read = name => style.getPropertyValue("--" + name).trim();
  ink = { families: FAMILIES.map((_, index) => read("f" + index)) };
  for (const name of ["ground", "surface", "ink", "soft", "line", "faint", "fail", "accent", "fault", "mark"]) ink[name] = read(name);
}

function resize() {
  const scale = window.devicePixelRatio || 1;
  for (const [element, context] of [[canvas, pen], [overview, over]]) {
    const box = element.getBoundingClientRect();
    element.width = Math.round(box.width * scale);
    element.height = Math.round(box.height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
  }
  const box = canvas.getBoundingClientRect();
  [view.width, view.height] = [box.width, box.height];
  layout();
  changed();
}

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

function draw() {
  const began = performance.now();
  pen.font = FONT;
  pen.textBaseline = "middle";
  pen.fillStyle = ink.surface;
  pen.fillRect(0, 0, view.width, view.height);
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER, TOP, view.width - GUTTER, view.height - TOP);
  pen.clip();
  drawLanes();
  drawFaults();
  const shown = drawMarks();
  pen.restore();
  drawGutter();
  drawAxis();
  drawCursor();
  drawOverview();
  document.getElementById("empty").hidden = visible.length > 0;
  document.getElementById("span").textContent = lasting(view.to - view.from);
  canvas.setAttribute("aria-label", `${shown} of ${visible.length} events between ${clock(Math.max(0, view.from))} and ${clock(view.to)}, on ${rows.length} lanes`);
  drawnMs = performance.now() - began;
  document.documentElement.dataset.drawnMs = drawnMs.toFixed(1);
}

function drawLanes() {
  rows.forEach((lane, row) => {
    const top = TOP + row * view.row - view.scroll;
    if (top > view.height || top + view.row < TOP) return;
    if (row % 2 === 1) { pen.fillStyle = ink.faint; pen.globalAlpha = .55; pen.fillRect(GUTTER, top, view.width, view.row); pen.globalAlpha = 1; }
    pen.strokeStyle = pen.fillStyle = ink.line;
    if (parts(row) === "kind") pen.fillRect(GUTTER, top, view.width, 1);
    pen.beginPath();
    pen.moveTo(GUTTER, y(lane));
    pen.lineTo(view.width, y(lane));
    pen.stroke();
  });
  pen.strokeStyle = ink.soft;
  pen.setLineDash([2, 4]);
  for (const phase of D.phases) {
    pen.beginPath();
    pen.moveTo(x(phase.t), TOP);
    pen.lineTo(x(phase.t), view.height);
    pen.stroke();
  }
  pen.setLineDash([]);
}

function drawFaults() {
  D.faults.forEach((fault, at) => {
    const left = Math.max(GUTTER, x(fault.from)), right = Math.min(view.width, Math.max(x(fault.to), x(fault.from) + 2));
    if (right < GUTTER || left > view.width) return;
    for (const lane of fault.lanes) {
      if (rowOfLane[lane] < 0) continue;
      const top = y(lane) - view.row / 2;
      pen.fillStyle = ink.fault;
      pen.globalAlpha = .13;
      pen.fillRect(left, top + 1, right - left, view.row - 2);
      pen.globalAlpha = .55;
      for (const edge of [fault.from, fault.to]) if (x(edge) >= GUTTER) pen.fillRect(x(edge), top + 1, 1, view.row - 2);
      pen.globalAlpha = 1;
    }
    // Its name stands on the lane of the run, where there is room for it.
    const text = `${fault.kind} of ${fault.target}`, next = D.faults[at + 1];
    const room = (next && next.from > fault.from ? Math.min(right, x(next.from)) : right) - left;
    if (room > 30 && rowOfLane[0] >= 0) label(text, left + 4, y(0) - view.row / 2 + 7, room - 8, ink.fault);
  });
}

// Text in what room there is.
function label(text, left, middle, room, colour) {
  pen.fillStyle = colour;
  pen.font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  let shown = text;
  if (pen.measureText(shown).width > room) {
    shown = shown.slice(0, Math.max(0, Math.floor(room / 6) - 1)) + "…";
    if (shown.length < 4) { pen.font = FONT; return; }
  }
  pen.fillText(shown, left, middle);
  pen.font = FONT;
}

// Where a mark lies: from, to, and whether it leads anywhere.
function line(i) {
  const x1 = x(T[i]), y1 = y(A[i]);
  if (B[i] < 0 || B[i] === A[i]) return [x1, y1, x1, y1, false];
  const gone = M[i].end === undefined;
  const y2 = y(B[i]);
  // What never arrives goes half of its way.
  if (gone) return [x1, y1, x1 + 12, y1 + (y2 - y1) * .5, true];
  return [x1, y1, x(E[i]), y2, true];
}

function drawMarks() {
  const [first, last] = inSight();
  const paths = FAMILIES.map(() => new Path2D()), dashed = FAMILIES.map(() => new Path2D());
  const tips = FAMILIES.map(() => new Path2D()), dots = FAMILIES.map(() => new Path2D()), rings = FAMILIES.map(() => new Path2D());
  const count = last - first;
  const radius = count > 4000 ? 2 : count > 600 ? 2.6 : count > 120 ? 3.4 : 4.6;
  const heads = count < 3000;
  // Of what falls on one column of pixels and looks alike, one is enough.
  const seen = new Set();
  const lanes = D.lanes.length;
  let shown = 0, arrows = 0;
  const labels = [];
  for (let at = first; at < last; at++) {
    const i = visible[at];
    if (E[i] < view.from && M[i].end !== undefined) continue;
    const [x1, y1, x2, y2, leads] = line(i);
    if (x2 < GUTTER - 8 || x1 > view.width + 8 || Math.max(y1, y2) < TOP || Math.min(y1, y2) > view.height) continue;
    shown++;
    const lost = M[i].transit !== undefined;
    const key = (((x1 | 0) * lanes + A[i]) * (lanes + 1) + B[i] + 1) * 64 + F[i] * 4 + (lost ? 2 : 0) + (x2 - x1 > 3 ? 1 : 0);
    if (x2 - x1 < 3 || lost) { if (seen.has(key)) continue; seen.add(key); }
    if (leads) {
      arrows++;
      const path = lost ? dashed[F[i]] : paths[F[i]];
      path.moveTo(x1, y1);
      path.lineTo(x2, y2);
      if (heads) head(lost ? rings[F[i]] : tips[F[i]], x1, y1, x2, y2, lost, radius);
      if (count < 160) labels.push([i, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1 < Math.abs(y2 - y1)]);
    } else {
      shape(M[i].kind, dots[F[i]], rings[F[i]], x1, y1, radius);
      if (count < 160) labels.push([i, x1, y1 - radius - 6, false]);
    }
  }
  const thin = count > 3000 ? .6 : count > 400 ? .9 : 1.3;
  // Many arrows on few pixels are a shade, through which faults and dots are seen.
  const faint = Math.max(.1, Math.min(.9, 1.1 * (view.width - GUTTER) / (arrows + 1)));
  pen.lineWidth = thin;
  FAMILIES.forEach((_, family) => {
    pen.strokeStyle = pen.fillStyle = ink.families[family];
    pen.globalAlpha = about.size && !filter.story ? Math.min(.3, faint) : faint;
    pen.stroke(paths[family]);
    pen.setLineDash([5, 4]);
    pen.globalAlpha = about.size ? .5 : 1;
    pen.stroke(dashed[family]);
    pen.setLineDash([]);
    pen.globalAlpha = .35 + .65 * faint;
    pen.fill(tips[family]);
    pen.globalAlpha = 1;
    pen.fill(dots[family]);
    pen.lineWidth = 1.6;
    pen.stroke(rings[family]);
    pen.lineWidth = thin;
  });
  pen.globalAlpha = 1;
  pen.lineWidth = 1;
  drawAbout(radius);
  drawLabels(labels);
  for (const [i, colour] of [[selected, ink.accent], [hovered, ink.ink]]) if (i >= 0) emphasise(i, colour, radius);
  return shown;
}

// A filled head where it arrives, a cross where it is lost.
function head(path, x1, y1, x2, y2, lost, radius) {
  const size = Math.max(4.5, radius * 1.5);
  if (lost) {
    path.moveTo(x2 - 3, y2 - 3); path.lineTo(x2 + 3, y2 + 3);
    path.moveTo(x2 - 3, y2 + 3); path.lineTo(x2 + 3, y2 - 3);
    return;
  }
  const angle = Math.atan2(y2 - y1, x2 - x1);
  path.moveTo(x2, y2);
  path.lineTo(x2 - size * Math.cos(angle - .38), y2 - size * Math.sin(angle - .38));
  path.lineTo(x2 - size * Math.cos(angle + .38), y2 - size * Math.sin(angle + .38));
  path.closePath();
}

function shape(kind, filled, open, px, py, r) {
  const polygon = points => points.forEach(([dx, dy], index) => filled[index ? "lineTo" : "moveTo"](px + dx * r, py + dy * r));
  switch (kind) {
    case "entry written": filled.rect(px - r, py - r, 2 * r, 2 * r); break;
    case "apply": polygon([[0, -1.35], [1.35, 0], [0, 1.35], [-1.35, 0]]); filled.closePath(); break;
    case "accepted": open.moveTo(px + r, py); open.arc(px, py, r, 0, 7); break;
    case "session up": case "up": case "lease taken": polygon([[-1.1, .9], [1.1, .9], [0, -1.1]]); filled.closePath(); break;
    case "session down": case "down": case "lease over": polygon([[-1.1, -.9], [1.1, -.9], [0, 1.1]]); filled.closePath(); break;
    case "refused": case "change refused": open.moveTo(px - r, py - r); open.lineTo(px + r, py + r); open.moveTo(px - r, py + r); open.lineTo(px + r, py - r); break;
    case "timer": case "input": open.moveTo(px, py - r); open.lineTo(px, py + r); break;
    case "receive": case "cursor": filled.moveTo(px + r * .6, py); filled.arc(px, py, r * .6, 0, 7); break;
    default: filled.moveTo(px + r, py); filled.arc(px, py, r, 0, 7);
  }
}

// What the chosen violation is about stands out from everything else.
function drawAbout(radius) {
  if (!about.size) return;
  pen.strokeStyle = pen.fillStyle = ink.mark;
  for (const i of about) {
    if (rowOfLane[A[i]] < 0 || (E[i] < view.from && M[i].end !== undefined) || T[i] > view.to) continue;
    const [x1, y1, x2, y2, leads] = line(i);
    if (leads && rowOfLane[B[i]] < 0) continue;
    pen.lineWidth = 2.4;
    pen.setLineDash(M[i].transit ? [6, 4] : []);
    if (leads) {
      pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke();
      pen.setLineDash([]);
      const path = new Path2D();
      head(path, x1, y1, x2, y2, M[i].transit !== undefined, 5);
      M[i].transit ? pen.stroke(path) : pen.fill(path);
    } else {
      pen.setLineDash([]);
      const filled = new Path2D(), open = new Path2D();
      shape(M[i].kind, filled, open, x1, y1, Math.max(4.5, radius + 1));
      pen.fill(filled); pen.stroke(open);
    }
  }
  pen.setLineDash([]);
  const shown = D.violations[violation];
  pen.globalAlpha = .8;
  pen.fillRect(x(shown.t), TOP, 1.5, view.height);
  pen.globalAlpha = 1;
  for (const device of shown.missing) {
    const lane = laneOf.get("device-" + device);
    if (lane === undefined || rowOfLane[lane] < 0) continue;
    pen.lineWidth = 1.5;
    pen.strokeRect(GUTTER + 1, y(lane) - view.row / 2 + 1.5, view.width - GUTTER - 3, view.row - 3);
  }
  pen.lineWidth = 1;
}

// Names beside marks, where they cover nothing.
function drawLabels(labels) {
  const taken = [];
  pen.font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  pen.textAlign = "center";
  // What matters is named first.
  labels.sort((one, other) => about.has(other[0]) - about.has(one[0]));
  for (const [i, middle, py, steep] of labels) {
    const text = M[i].kind + (M[i].id && B[i] < 0 ? " " + M[i].id : "");
    const half = pen.measureText(text).width / 2 + 3;
    // Beside a steep arrow, not across it.
    const px = steep ? middle + half + 5 : middle;
    const box = [px - half, py - 8, px + half, py + 8];
    if (box[0] < GUTTER || box[1] < TOP || taken.some(other => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    taken.push(box);
    pen.globalAlpha = .82;
    pen.fillStyle = ink.surface;
    pen.fillRect(box[0] + 1, box[1] + 1, 2 * half - 2, 14);
    pen.globalAlpha = 1;
    pen.fillStyle = about.has(i) ? ink.mark : ink.families[F[i]];
    pen.fillText(text, px, py);
  }
  pen.textAlign = "left";
  pen.font = FONT;
}

function emphasise(i, colour, radius) {
  if (rowOfLane[A[i]] < 0) return;
  const [x1, y1, x2, y2, leads] = line(i);
  pen.strokeStyle = colour;
  pen.lineWidth = 2.2;
  pen.beginPath();
  if (leads && rowOfLane[B[i]] >= 0) { pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke(); pen.beginPath(); }
  pen.arc(x1, y1, radius + 4, 0, 7);
  pen.stroke();
  pen.lineWidth = 1;
}

function drawGutter() {
  pen.fillStyle = ink.ground;
  pen.fillRect(0, TOP, GUTTER, view.height);
  const missing = new Set(violation < 0 ? [] : D.violations[violation].missing.map(device => "device-" + device));
  rows.forEach((lane, row) => {
    const middle = y(lane);
    if (middle < TOP - view.row || middle > view.height + view.row) return;
    const { kind, name } = D.lanes[lane];
    pen.fillStyle = missing.has(name) ? ink.mark : kind === "device" ? ink.soft : ink.ink;
    pen.font = kind === "device" && !missing.has(name) ? FONT : "600 " + FONT;
    pen.fillText(laneTitle(lane), 12, middle, GUTTER - 18);
    const part = parts(row);
    pen.fillStyle = ink.line;
    if (part) pen.fillRect(part === "user" ? 12 : 0, middle - view.row / 2, part === "user" ? GUTTER - 24 : GUTTER, 1);
  });
  pen.font = FONT;
  pen.fillStyle = ink.line;
  pen.fillRect(GUTTER - 1, TOP, 1, view.height);
}

function drawAxis() {
  pen.fillStyle = ink.ground;
  pen.fillRect(0, 0, view.width, TOP);
  pen.fillStyle = ink.line;
  pen.fillRect(0, TOP - 1, view.width, 1);
  const raw = (view.to - view.from) / Math.max(2, (view.width - GUTTER) / 110);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find(factor => factor * power >= raw);
  pen.textAlign = "center";
  for (let at = Math.ceil(Math.max(0, view.from) / step) * step; at <= Math.min(view.to, end * 1.02); at += step) {
    if (x(at) < GUTTER + 20) continue;
    pen.fillStyle = ink.soft;
    pen.fillText(clock(at, step), x(at), TOP / 2);
    pen.globalAlpha = .5;
    pen.fillStyle = ink.line;
    pen.fillRect(x(at), TOP, 1, view.height);
    pen.globalAlpha = 1;
  }
  pen.textAlign = "left";
}

function drawCursor() {
  const at = (value, colour) => {
    if (value < view.from || value > view.to) return;
    pen.fillStyle = colour;
    pen.fillRect(x(value), TOP - 4, 1, view.height);
  };
  if (cursor >= 0) at(cursor, ink.accent);
  if (pointer >= 0) at(pointer, ink.soft);
  if (pointer < 0 && cursor < 0) return;
  const value = pointer >= 0 ? pointer : cursor;
  const text = clock(value) + (cursor >= 0 && pointer >= 0 ? `  (${pointer < cursor ? "−" : "+"}${lasting(Math.abs(pointer - cursor))})` : "");
  const wide = pen.measureText(text).width + 12;
  const left = Math.max(GUTTER, Math.min(view.width - wide, x(value) - wide / 2));
  pen.fillStyle = pointer >= 0 ? ink.ink : ink.accent;
  pen.fillRect(left, 3, wide, TOP - 7);
  pen.fillStyle = ink.surface;
  pen.fillText(text, left + 6, TOP / 2);
}

// The whole run: how much happens when, the faults, the violations, and what part is shown.
const overX = value => GUTTER + value / end * (view.width - GUTTER - 8);
function drawOverview() {
  const height = 46;
  over.fillStyle = ink.ground;
  over.fillRect(0, 0, view.width, height);
  over.font = FONT;
  over.fillStyle = ink.soft;
  over.textBaseline = "middle";
  over.fillText("whole run", 12, height / 2);
  const bins = new Uint32Array(Math.max(1, Math.ceil((view.width - GUTTER) / 3) + 1));
  for (const i of visible) bins[Math.max(0, Math.min(bins.length - 1, (overX(T[i]) - GUTTER) / 3 | 0))]++;
  let most = 1;
  for (const bin of bins) most = Math.max(most, bin);
  over.fillStyle = ink.fault;
  over.globalAlpha = .2;
  for (const fault of D.faults) over.fillRect(overX(fault.from), 4, Math.max(2, overX(fault.to) - overX(fault.from)), height - 8);
  over.globalAlpha = .75;
  over.fillStyle = ink.families[0];
  bins.forEach((bin, at) => { const tall = bin ? Math.max(1.5, Math.sqrt(bin / most) * (height - 12)) : 0; over.fillRect(GUTTER + at * 3, height - 4 - tall, 2, tall); });
  over.globalAlpha = 1;
  D.violations.forEach((shown, index) => { over.fillStyle = index === violation ? ink.mark : ink.fail; over.fillRect(overX(shown.t) - 1, 2, 2, 9); });
  const left = Math.max(GUTTER, overX(Math.max(0, view.from))), right = overX(Math.min(end, view.to));
  over.strokeStyle = ink.accent;
  over.lineWidth = 1.5;
  over.strokeRect(left, 2, Math.max(3, right - left), height - 4);
}

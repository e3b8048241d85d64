// Mouse, keys and filters.
function update() {
  refilter();
  layout();
  fillRows();
  changed();
}

function fillFilters() {
  const options = (select, first, values) => {
    select.append(new Option(first, ""));
    values.forEach(([value, text]) => select.append(new Option(text, value)));
  };
  const devices = D.lanes.filter(lane => lane.kind === "device");
  const users = [...new Set(devices.map(lane => lane.user).filter(user => user !== undefined))];
  options($("channel"), "all", D.channels.map((name, at) => [at, name]).sort((one, other) => one[1].localeCompare(other[1], "en", { numeric: true })));
  options($("user"), "all", users.map(user => [user, "user " + user]));
  options($("device"), "all", devices.map(lane => [lane.name.slice(7), laneTitle(laneOf.get(lane.name))]));
  FAMILIES.forEach((name, family) => {
    if (!familyCounts[family]) return;
    const chip = element("label", undefined, "chip"), box = element("input"), dot = element("i");
    box.type = "checkbox";
    box.checked = filter.families.has(family);
    box.dataset.family = family;
    dot.style.background = `var(--f${family})`;
    chip.append(box, dot, name, element("small", familyCounts[family].toLocaleString("en")));
    $("families").append(chip);
    box.addEventListener("change", () => { filter.families[box.checked ? "add" : "delete"](family); update(); });
  });
  $("story").parentElement.hidden = !D.violations.length;
  const chosen = (id, set) => $(id).addEventListener("input", event => { set(event.target); update(); });
  chosen("channel", it => { filter.channel = it.value === "" ? -1 : +it.value; });
  chosen("user", it => { filter.user = it.value; });
  chosen("device", it => { filter.device = it.value; });
  chosen("find", it => { filter.find = it.value.trim().toLowerCase(); });
  chosen("idle", it => { filter.idle = it.checked; });
  $("story").addEventListener("input", event => {
    filter.story = event.target.checked;
    if (filter.story && violation < 0) return jump(0);
    update();
    if (filter.story) around(...spanOf(violation));
  });
  $("filters").addEventListener("submit", event => event.preventDefault());
  $("reset").addEventListener("click", reset);
}

function reset() {
  Object.assign(filter, { channel: -1, user: "", device: "", find: "", idle: false, story: false });
  filter.families = new Set(FAMILIES.keys());
  for (const id of ["channel", "user", "device", "find"]) $(id).value = "";
  $("idle").checked = $("story").checked = false;
  document.querySelectorAll("#families input").forEach(box => { box.checked = true; });
  update();
}

// The mark nearest to a point, if it is near.
function nearest(px, py) {
  const [first, last] = inSight();
  let best = -1, least = 9 * 9;
  for (let at = first; at < last; at++) {
    const i = visible[at];
    const [x1, y1, x2, y2] = line(i);
    if (px < Math.min(x1, x2) - 9 || px > Math.max(x1, x2) + 9 || py < Math.min(y1, y2) - 9 || py > Math.max(y1, y2) + 9) continue;
    const dx = x2 - x1, dy = y2 - y1, long = dx * dx + dy * dy;
    const part = long ? Math.max(0, Math.min(1, ((px - x1) * dx + (py - y1) * dy) / long)) : 0;
    const far = (px - x1 - part * dx) ** 2 + (py - y1 - part * dy) ** 2;
    // A dot is smaller than an arrow, and what the violation is about matters more.
    const weight = far - (long ? 0 : 12) - (about.has(i) ? 16 : 0);
    if (weight < least) { least = weight; best = i; }
  }
  return best;
}

function tip(i, px, py) {
  const box = $("tip");
  box.hidden = i < 0;
  if (i < 0) return;
  const { where, took } = describe(i);
  box.replaceChildren(element("b", M[i].text), element("span", `${clock(T[i])} · ${where}${took ? " · " + took : ""}`));
  const stage = $("stage").getBoundingClientRect();
  box.style.left = Math.max(4, Math.min(stage.width - box.offsetWidth - 8, px + 14)) + "px";
  const below = py + 46 + 18;
  box.style.top = (below + box.offsetHeight > stage.height ? py + 46 - box.offsetHeight - 12 : below) + "px";
}

function listenMouse() {
  let grabbed = null;
  canvas.addEventListener("pointerdown", event => {
    grabbed = { x: event.offsetX, y: event.offsetY, from: view.from, to: view.to, scroll: view.scroll, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    const [px, py] = [event.offsetX, event.offsetY];
    pointer = px >= GUTTER ? Math.max(0, time(px)) : -1;
    if (grabbed) {
      const [dx, dy] = [px - grabbed.x, py - grabbed.y];
      grabbed.moved ||= Math.abs(dx) + Math.abs(dy) > 4;
      if (grabbed.moved) {
        canvas.classList.add("dragging");
        const by = dx / (view.width - GUTTER) * (grabbed.to - grabbed.from);
        view.scroll = grabbed.scroll - dy;
        layout();
        tip(-1);
        return show(grabbed.from - by, grabbed.to - by);
      }
    }
    hovered = px >= GUTTER && py >= TOP ? nearest(px, py) : -1;
    tip(hovered, px, py);
    changed();
  });
  canvas.addEventListener("pointerup", event => {
    canvas.classList.remove("dragging");
    if (grabbed && !grabbed.moved && event.offsetX >= GUTTER) {
      cursor = Math.max(0, time(event.offsetX));
      if (hovered >= 0) select(hovered);
      changed();
    }
    grabbed = null;
  });
  canvas.addEventListener("pointerleave", () => { pointer = hovered = -1; tip(-1); changed(); });
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    if (event.offsetX < GUTTER) return scroll(event.deltaY * unit);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return pan((event.deltaX || event.deltaY) * unit / view.width);
    zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY * unit / 300))), Math.max(GUTTER, event.offsetX));
  }, { passive: false });
  const go = event => {
    if (!event.buttons) return;
    const at = (event.offsetX - GUTTER) / (view.width - GUTTER - 8) * end, span = view.to - view.from;
    show(at - span / 2, at + span / 2);
  };
  overview.addEventListener("pointerdown", event => { overview.setPointerCapture(event.pointerId); go(event); });
  overview.addEventListener("pointermove", go);
}

function listenKeys() {
  const step = by => {
    const at = selected < 0 ? Math.max(0, upTo(visible, view.from) - (by > 0 ? 1 : 0)) : place(selected);
    const next = Math.max(0, Math.min(visible.length - 1, at + by));
    if (visible.length) select(visible[next]);
  };
  const keys = {
    "+": () => zoom(1 / 1.6), "=": () => zoom(1 / 1.6), "-": () => zoom(1.6), "−": () => zoom(1.6), "0": fit,
    ArrowLeft: () => pan(-.15), ArrowRight: () => pan(.15), Home: () => pan(-1e6), End: () => pan(1e6),
    PageUp: () => pan(-.9), PageDown: () => pan(.9),
    ArrowUp: () => scroll(-view.row), ArrowDown: () => scroll(view.row),
    n: () => step(1), p: () => step(-1),
    v: () => D.violations.length && jump((violation + 1) % D.violations.length),
    "/": () => $("find").focus(),
    Escape: () => { cursor = -1; tip(-1); select(-1); jump(-1); },
  };
  document.addEventListener("keydown", event => {
    const typing = event.target.matches("input[type=search], select");
    if (typing && event.key === "Escape") return event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const inList = event.target === $("list");
    if (inList && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      return step(event.key === "ArrowDown" ? 1 : -1);
    }
    if (inList && /^(Page|Home|End)/.test(event.key)) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  $("list").addEventListener("scroll", fillRows);
  $("in").addEventListener("click", () => zoom(1 / 1.6));
  $("out").addEventListener("click", () => zoom(1.6));
  $("fit").addEventListener("click", fit);
}

function listenSplit() {
  $("split").addEventListener("pointerdown", event => {
    event.target.setPointerCapture(event.pointerId);
    event.target.onpointermove = move => {
      const wide = Math.max(220, Math.min(innerWidth * .6, innerWidth - move.clientX));
      document.querySelector("aside").style.width = wide + "px";
      resize();
    };
    event.target.onpointerup = () => { event.target.onpointermove = null; };
  });
}

function listenTheme() {
  const names = ["", "light", "dark"], root = document.documentElement;
  $("theme").addEventListener("click", () => {
    const next = names[(names.indexOf(root.dataset.theme || "") + 1) % names.length];
    if (next) root.dataset.theme = next; else delete root.dataset.theme;
    $("theme").textContent = next ? "Theme: " + next : "Theme";
    readInk();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readInk(); changed(); });
}

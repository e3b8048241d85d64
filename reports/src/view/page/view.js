// What part of the time is shown, and where things are on the canvas.
const canvas = document.getElementById("canvas");
const overview = document.getElementById("overview");
const GUTTER = 150; // lane names
const TOP = 26;     // the time axis
const ROW_MIN = 20, ROW_MAX = 56;
const view = { from: 0, to: end, scroll: 0, width: 0, height: 0, row: ROW_MIN };
let cursor = -1;   // the time that was clicked
let pointer = -1;  // the time under the mouse
let hovered = -1, selected = -1;
let dirty = false;

const x = time => GUTTER + (time - view.from) / (view.to - view.from) * (view.width - GUTTER);
const time = px => view.from + (px - GUTTER) / (view.width - GUTTER) * (view.to - view.from);
const y = lane => TOP + (rowOfLane[lane] + .5) * view.row - view.scroll;

function layout() {
  const room = view.height - TOP - 6;
  view.row = Math.max(ROW_MIN, Math.min(ROW_MAX, room / Math.max(1, rows.length)));
  const most = Math.max(0, rows.length * view.row - room);
  view.scroll = Math.max(0, Math.min(most, view.scroll));
}

// A stretch of time is within the run and not shorter than what can be told apart.
function show(from, to) {
  const margin = end * .02;
  let span = Math.max(2000, Math.min(end + 2 * margin, to - from));
  let begin = Math.max(-margin, Math.min(from + (to - from - span) / 2, end + margin - span));
  view.from = begin;
  view.to = begin + span;
  changed();
}

const fit = () => {
  if (visible.length === 0 || visible.length === N) return show(-end * .02, end * 1.02);
  let last = 0;
  for (const i of visible) last = Math.max(last, E[i]);
  around(T[visible[0]], last);
};
function around(from, to) {
  const room = Math.max((to - from) * .12, 2e5);
  show(from - room, to + room);
}
function zoom(factor, px) {
  const at = px === undefined ? (view.from + view.to) / 2 : time(px);
  show(at - (at - view.from) * factor, at + (view.to - at) * factor);
}
const pan = part => { const by = (view.to - view.from) * part; show(view.from + by, view.to + by); };
function scroll(by) { view.scroll += by; layout(); changed(); }

function changed() {
  if (dirty) return;
  dirty = true;
  requestAnimationFrame(() => { dirty = false; draw(); });
}

// Brings a mark into sight.
function reveal(i) {
  const span = view.to - view.from;
  if (T[i] < view.from || T[i] > view.to) show(T[i] - span / 2, T[i] + span / 2);
  const middle = y(A[i]);
  if (rowOfLane[A[i]] >= 0 && (middle < TOP || middle > view.height)) view.scroll += middle - view.height / 2;
  layout();
  changed();
}

// Marks that may be in sight: an arrow may have begun before.
function inSight() {
  const first = Math.max(0, upTo(visible, view.from - longest - 1) - 1);
  return [first, upTo(visible, view.to)];
}

// The drawing, in columns that are quick to go through.
const D = JSON.parse(document.getElementById("drawing").textContent);
const M = D.marks;
const N = M.length;
const T = new Float64Array(N); // when it begins
const E = new Float64Array(N); // when it ends; the same for a dot
const A = new Int32Array(N);   // the lane
const B = new Int32Array(N);   // the lane that it leads to, or -1
const F = new Uint8Array(N);   // the family
const FAMILIES = ["sends", "answers", "deliveries", "syncs", "pushes", "sessions", "segments", "presence, leases", "faults", "harness", "timers"];
const familyCounts = new Array(FAMILIES.length).fill(0);
let longest = 0; // how long the longest arrow takes
// A message that never arrives is drawn as a stub of this time at most.
const end = Math.max(1, D.end_ns);
for (let i = 0; i < N; i++) {
  const mark = M[i];
  T[i] = mark.t;
  A[i] = mark.lane;
  B[i] = mark.to === undefined ? -1 : mark.to;
  E[i] = mark.end === undefined ? mark.t : mark.end;
  F[i] = Math.max(0, FAMILIES.indexOf(mark.family));
  familyCounts[F[i]]++;
  longest = Math.max(longest, E[i] - T[i]);
}
const userOfLane = D.lanes.map(lane => lane.user);
const laneOf = new Map(D.lanes.map((lane, index) => [lane.name, index]));

// The last mark that begins at or before a time, among those of a sorted list of marks.
function upTo(list, time) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (T[list[middle]] <= time) low = middle + 1; else high = middle;
  }
  return low;
}

const filter = { channel: -1, user: "", device: "", find: "", families: new Set(FAMILIES.keys()), idle: false, story: false };
// Timers and inputs say what each machine was given; of thousands of marks they hide the rest.
if (N > 2000) filter.families.delete(FAMILIES.indexOf("timers"));
let violation = -1;
let about = new Set();
let story = new Set();  // what is about the violation, and what its lanes went through meanwhile
let visible = [];      // marks that pass the filters, by time
let rowOfLane = [];    // where each lane is, or -1
let rows = [];         // which lane is in each row

function passes(i) {
  if (!filter.families.has(F[i])) return false;
  const mark = M[i];
  if (filter.channel >= 0 && !(mark.channels || []).includes(filter.channel)) return false;
  if (filter.user !== "" && String(mark.user) !== filter.user
    && String(userOfLane[A[i]]) !== filter.user && !(B[i] >= 0 && String(userOfLane[B[i]]) === filter.user)) return false;
  if (filter.device !== "" && String(mark.device) !== filter.device
    && D.lanes[A[i]].name !== "device-" + filter.device && !(B[i] >= 0 && D.lanes[B[i]].name === "device-" + filter.device)) return false;
  if (filter.find !== "" && !mark.text.toLowerCase().includes(filter.find) && !mark.kind.toLowerCase().includes(filter.find)) return false;
  return true;
}

function refilter() {
  visible = [];
  const used = new Uint8Array(D.lanes.length);
  used[0] = 1;
  // Where a message is missing, nothing may have happened.
  for (const device of violation < 0 ? [] : D.violations[violation].missing) {
    const lane = laneOf.get("device-" + device);
    if (lane !== undefined) used[lane] = 1;
  }
  for (let i = 0; i < N; i++) {
    if (filter.story && violation >= 0 ? !story.has(i) : !passes(i)) continue;
    visible.push(i);
    used[A[i]] = 1;
    if (B[i] >= 0) used[B[i]] = 1;
  }
  rows = [];
  rowOfLane = D.lanes.map((_, lane) => (used[lane] || filter.idle) ? rows.push(lane) - 1 : -1);
}

function choose(index) {
  violation = index;
  about = new Set(index < 0 ? [] : D.violations[index].marks);
  story = new Set(about);
  if (index < 0) return;
  const [from, to] = spanOf(index);
  const lanes = new Set([0, ...D.violations[index].missing.map(device => laneOf.get("device-" + device))]);
  for (const i of about) { lanes.add(A[i]); if (B[i] >= 0) lanes.add(B[i]); }
  for (let i = 0; i < N; i++) if (B[i] < 0 && T[i] >= from && T[i] <= to && CONTEXT.has(F[i]) && lanes.has(A[i])) story.add(i);
}

// Sessions, and what the harness did.
const CONTEXT = new Set(["sessions", "faults", "harness"].map(name => FAMILIES.indexOf(name)));

// From the first to the last that is about a violation.
function spanOf(index) {
  const shown = D.violations[index];
  let from = shown.t, to = shown.t;
  for (const i of shown.marks) { from = Math.min(from, T[i]); to = Math.max(to, E[i]); }
  return [from, to];
}

function clock(ns, step) {
  const seconds = ns / 1e9;
  const digits = step === undefined ? 6 : Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / 1e9) - 1e-9)));
  return seconds.toFixed(digits) + " s";
}

function lasting(ns) {
  if (ns >= 1e9) return +(ns / 1e9).toPrecision(4) + " s";
  if (ns >= 1e6) return +(ns / 1e6).toPrecision(4) + " ms";
  return +(ns / 1e3).toPrecision(4) + " µs";
}

function laneName(lane) {
  const { name, kind } = D.lanes[lane];
  return kind === "harness" ? "run" : kind === "device" ? name.replace("-", " ") : name;
}

function laneTitle(lane) {
  const { user } = D.lanes[lane];
  return laneName(lane) + (user === undefined ? "" : " · user " + user);
}

// Whether another kind of lane begins below, or another user's devices.
function parts(row) {
  const above = D.lanes[rows[row - 1]], below = D.lanes[rows[row]];
  if (above === undefined) return "";
  return above.kind !== below.kind ? "kind" : above.user !== below.user ? "user" : "";
}

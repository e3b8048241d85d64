// The side: violations, details, and the list of events.
const $ = id => document.getElementById(id);
const ROW = 24;
// Browsers cut off what is taller than this; a list of more events is scrolled in proportion.
const TALL = 8e6;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function fillHeader() {
  const variant = D.variant && D.variant !== "base" ? `, ${D.variant}` : "";
  $("title").textContent = (D.scenario || D.name) + variant;
  const parts = [D.name, D.seed !== "" && `seed ${D.seed}`, D.engine && `engine ${D.engine}`, `${N.toLocaleString("en")} events`, `${D.lanes.length - 1} lanes`, lasting(D.end_ns)];
  $("facts").textContent = parts.filter(Boolean).join(" · ");
  const total = Object.values(D.totals).reduce((sum, count) => sum + count, 0);
  const kinds = Object.keys(D.totals);
  $("verdict").textContent = total ? `violated: ${kinds.join(", ")}` : "no violation";
  $("verdict").className = total ? "fail" : "pass";
  $("violation-count").textContent = total > D.violations.length ? `${total.toLocaleString("en")}, of which ${D.violations.length} are shown` : total || "";
}

function fillViolations() {
  const list = $("violation-list");
  if (!D.violations.length) list.replaceWith(element("p", "The checkers found none."));
  D.violations.forEach((shown, index) => {
    const button = element("button");
    button.type = "button";
    button.append(element("b", shown.checker), " ", element("small", `at ${clock(shown.t)}`), element("span", shown.summary));
    button.addEventListener("click", () => jump(index === violation ? -1 : index));
    const item = element("li");
    item.append(button);
    list.append(item);
  });
}

// Scrolls the box alone, as far as the child wants: the page stays where it is.
function reveal(box, child) {
  const top = child.offsetTop - box.offsetTop, bottom = top + child.offsetHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
}

// Shows a violation with everything that is about it, or none.
function jump(index) {
  choose(index);
  if (index < 0) filter.story = $("story").checked = false;
  [...document.querySelectorAll("#violation-list button")].forEach((button, at) => button.setAttribute("aria-current", String(at === index)));
  update();
  if (index < 0) return;
  reveal($("violations"), document.querySelectorAll("#violation-list button")[index]);
  const shown = D.violations[index];
  around(...spanOf(index));
  const seq = shown.marks.find(i => M[i].seq === shown.seq);
  if (seq !== undefined) select(seq);
}

function describe(i) {
  const mark = M[i];
  const to = mark.to === undefined ? "" : ` → ${laneTitle(mark.to)}`;
  return { where: laneTitle(mark.lane) + to, took: mark.end !== undefined && mark.end > mark.t ? lasting(mark.end - mark.t) : "" };
}

function fillDetail() {
  const box = $("detail");
  box.replaceChildren();
  if (selected < 0) return box.append(element("p", "Click an event, or choose one in the list.", "quiet"));
  const mark = M[selected], { where, took } = describe(selected);
  box.append(element("p", mark.text));
  const facts = element("dl");
  const fact = (name, value) => { if (value !== undefined && value !== "") facts.append(element("dt", name), element("dd", value)); };
  fact("kind", mark.kind);
  fact("where", where);
  fact("at", clock(mark.t));
  fact("arrives", mark.to === undefined ? undefined : mark.end === undefined ? mark.transit === "held" ? "it waits for its link" : "never" : clock(mark.end));
  fact("takes", took);
  fact("channel", (mark.channels || []).slice(0, 8).map(at => D.channels[at]).join(", "));
  fact("message", mark.id);
  fact("user", mark.user === undefined ? undefined : String(mark.user));
  fact("device", mark.device === undefined ? undefined : String(mark.device));
  fact("history line", mark.seq === undefined ? undefined : "#" + mark.seq);
  box.append(facts);
  if (mark.says) box.append(element("pre", mark.says));
}

function select(i, quiet) {
  selected = i;
  fillDetail();
  if (i >= 0) { reveal(i); if (!quiet) follow(); }
  fillRows();
  changed();
}

const tall = () => Math.min(TALL, visible.length * ROW);
const firstRow = () => {
  const list = $("list"), room = Math.max(1, tall() - list.clientHeight);
  return Math.max(0, Math.floor(list.scrollTop / room * Math.max(0, visible.length - list.clientHeight / ROW)));
};

// Scrolls the list to the event that is selected.
function follow() {
  const at = place(selected);
  const list = $("list");
  const first = firstRow(), fits = Math.floor(list.clientHeight / ROW);
  if (at < first || at >= first + fits) {
    const most = Math.max(1, visible.length - list.clientHeight / ROW);
    list.scrollTop = Math.max(0, at - fits / 2) / most * Math.max(0, tall() - list.clientHeight);
  }
}

// Where a mark is among those that are shown.
function place(i) {
  if (i < 0) return -1;
  for (let at = upTo(visible, T[i]) - 1; at >= 0 && T[visible[at]] === T[i]; at--) if (visible[at] === i) return at;
  return -1;
}

function fillRows() {
  const list = $("list"), rowsBox = $("rows");
  $("sizer").style.height = tall() + "px";
  $("event-count").textContent = visible.length === N ? N.toLocaleString("en") : `${visible.length.toLocaleString("en")} of ${N.toLocaleString("en")}`;
  const first = firstRow(), count = Math.ceil(list.clientHeight / ROW) + 1;
  rowsBox.style.top = (visible.length * ROW > TALL ? list.scrollTop : first * ROW) + "px";
  const made = [];
  for (let at = first; at < Math.min(visible.length, first + count); at++) {
    const i = visible[at];
    const row = element("div", undefined, about.has(i) ? "row about" : "row");
    row.id = "event-" + i;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(i === selected));
    row.setAttribute("aria-posinset", at + 1);
    row.setAttribute("aria-setsize", visible.length);
    const text = element("b", M[i].text);
    row.title = M[i].text;
    row.append(element("span", (T[i] / 1e9).toFixed(6)), element("i", laneName(A[i])), text);
    row.addEventListener("click", () => select(i, true));
    made.push(row);
  }
  rowsBox.replaceChildren(...made);
  list.setAttribute("aria-activedescendant", selected >= 0 ? "event-" + selected : "");
}

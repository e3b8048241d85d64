readInk();
fillHeader();
fillViolations();
fillFilters();
listenMouse();
listenKeys();
listenSplit();
listenTheme();
refilter();
resize();
fillDetail();
fillRows();
// A run with a violation is looked at for it, and of thousands of events for it alone.
filter.story = $("story").checked = D.violations.length > 0 && N > 300;
if (D.violations.length) jump(0); else fit();
new ResizeObserver(() => { resize(); fillRows(); }).observe($("stage"));

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
// A run with a violation is looked at for it.
if (D.violations.length) jump(0); else fit();
new ResizeObserver(() => { resize(); fillRows(); }).observe($("stage"));

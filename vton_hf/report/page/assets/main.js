// Views, keys, light and dark.
const VIEWS = { overview: "Overview", triplets: "Triplets", findings: "Findings", "left-out": "Exclude list" };
const THEMES = { auto: "◐ auto", light: "○ light", dark: "● dark" };
const KEYS = [
  ["← → ↑ ↓", "select a triplet"], ["Enter", "look at it closely"], ["x", "leave it out, or keep it"], ["/", "search"],
  ["n  p", "next and previous page"], ["Space", "when looking closely: flip between person and try-on"], ["1 2 3 4", "the four views"], ["?", "these shortcuts"], ["Esc", "close"],
];
const marked = new Grid(byId("marked-grid"), { size: 24, empty: "Press x on a triplet, or “leave out”." });
let examples;
let view = "overview";

function drawTabs() {
  byId("tabs").replaceChildren(...Object.entries(VIEWS).map(([name, title]) => {
    const counts = { triplets: DATA.shown, findings: DATA.severities.error + DATA.severities.warning, "left-out": MARKED.size };
    const text = name in counts ? `${title} ${number(counts[name])}` : title;
    return element("a", { href: `#${name}`, "aria-current": name === view ? "page" : null }, text);
  }));
}

function route() {
  const [wanted, check] = decodeURIComponent(location.hash.slice(1)).split("=");
  view = wanted in VIEWS ? wanted : "overview";
  for (const name of Object.keys(VIEWS)) byId(`view-${name}`).hidden = name !== view;
  if (view === "findings") showCheck(check || (current === null ? (DATA.checks[0] || { name: "" }).name : current));
  if (view === "left-out") drawMarks(true);
  drawTabs();
}

function drawMarks(again) {
  const rows = markedRows();
  const worst = (limit) => ROWS.key.map((_, row) => row).filter((row) => badness(row) <= limit);
  const all = (title, limit) => {
    const found = worst(limit);
    return element("button", { type: "button", disabled: !found.length, onclick: () => { mark(found, true); drawMarks(true); } }, `${title}: ${number(found.length)}`);
  };
  byId("marks").replaceChildren(
    element("h2", {}, `${plural(rows.length, "triplet")} to leave out`),
    element("p", {}, "Download the list, and give it to the next build: ", element("code", {}, "vton-hf build … --exclude exclude.txt"), " or ", element("code", {}, "exclude=\"exclude.txt\""), ". Nothing is fetched again for it."),
    element(
      "div",
      { class: "buttons" },
      element("button", { type: "button", id: "download", class: "primary", disabled: !rows.length, onclick: download }, "Download exclude.txt"),
      all("Add all with errors", 0),
      all("Add all with errors or warnings", 1),
      element("button", { type: "button", disabled: !rows.length, onclick: () => { mark(rows, false); drawMarks(true); } }, "Clear the list"),
    ),
    DATA.shown < DATA.total ? element("p", { class: "small" }, "Only triplets on this page can be marked here; vton-hf validate --exclude-out writes the list of all.") : "",
  );
  if (again) marked.show(rows);
}

function theme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  byId("theme").textContent = THEMES[name];
}

function startTheme() {
  let name = "auto";
  try { name = localStorage.getItem("vton-hf:theme") || "auto"; } catch { /* as the system has it */ }
  theme(name in THEMES ? name : "auto");
  byId("theme").addEventListener("click", () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(document.documentElement.dataset.theme || "auto") + 1) % names.length];
    theme(next);
    try { localStorage.setItem("vton-hf:theme", next); } catch { /* it is kept for this visit */ }
  });
}

function startHelp() {
  const lines = KEYS.map(([key, means]) => element("tr", {}, element("th", {}, element("kbd", {}, key)), element("td", {}, means)));
  byId("help").append(element("h2", {}, "Shortcuts"), element("table", {}, element("tbody", {}, lines)), element("button", { type: "button", onclick: () => byId("help").close() }, "Close"));
  byId("help-button").addEventListener("click", () => byId("help").showModal());
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inField = event.target.matches("input, select, textarea");
  if (inField) {
    if (event.key === "Escape" || (event.key === "Enter" && event.target.type === "search")) {
      event.preventDefault(); // which would empty the field, and leave its filter
      event.target.blur();
    }
    return;
  }
  if (event.target.matches("button, a, summary") && (event.key === "Enter" || event.key === " ")) return;
  if (byId("help").open) return;
  if (lens.open ? lensKey(event.key) : pageKey(event.key)) event.preventDefault();
}

function pageKey(key) {
  const grids = { overview: examples, triplets, findings: cases, "left-out": marked };
  if (key === "/") {
    location.hash = "triplets";
    route();
    byId("filters").elements.search.focus();
    byId("filters").elements.search.select();
  } else if (key === "?") byId("help").showModal();
  else if ("1234".includes(key)) location.hash = Object.keys(VIEWS)[Number(key) - 1];
  else return grids[view].key(key);
  return true;
}

byId("title").textContent = DATA.title;
byId("subtitle").textContent = DATA.subtitle;
byId("sample").textContent = DATA.sample;
byId("sample").hidden = !DATA.sample;
startTheme();
startHelp();
examples = drawOverview();
drawFilters();
drawChecks();
route();
window.addEventListener("hashchange", route);
document.addEventListener("keydown", onKey);
LISTENERS.push(() => { drawTabs(); if (view === "left-out") drawMarks(false); });

// What the page shows, as columns of one JSON; rows are triplets, known by their number.
const DATA = JSON.parse(document.getElementById("data").textContent);
const ROLES = ["person", "garment", "try-on"];
const SEVERITIES = ["error", "warning", "note"];
const SIGNS = { error: "●", warning: "▲", note: "○" };
const ROWS = DATA.rows;
const COUNT = ROWS.key.length;
const CHECKS = new Map(DATA.checks.map((check) => [check.name, check]));

const number = (value) => value.toLocaleString("en-US");
const percent = (share) => `${Number((100 * share).toPrecision(3))}%`;
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
const rough = (value) => (Math.abs(value) >= 1000 ? number(Math.round(value)) : String(Number(value.toPrecision(3))));

function bytes(size) {
  let step = 0;
  for (; size >= 1000 && step < 4; step += 1) size /= 1000;
  return `${step ? size.toFixed(1) : size} ${["B", "kB", "MB", "GB", "TB"][step]}`;
}

const coded = (column, row) => column.names[column.codes[row]];
const difficulty = (row) => coded(ROWS.difficulty, row);
const gender = (row) => coded(ROWS.gender, row);
const garment = (row) => coded(ROWS.garment, row);
const uri = (row, role) => DATA.base + ROWS.uris[role][row];
const weight = (row) => ROLES.reduce((sum, _, role) => sum + ROWS.bytes[role][row], 0);

function pixels(row, role) {
  const [wide, tall] = [ROWS.width[role][row], ROWS.height[role][row]];
  return wide ? `${wide} × ${tall}` : "not known";
}

// Findings of each row, the worst first.
const FINDINGS = Array.from({ length: COUNT }, () => []);
DATA.findings.row.forEach((row, place) => {
  FINDINGS[row].push({
    row,
    check: DATA.checks[DATA.findings.check[place]].name,
    severity: SEVERITIES[DATA.findings.severity[place]],
    value: DATA.findings.value[place],
    message: DATA.messages[DATA.findings.message[place]],
  });
});
FINDINGS.forEach((list) => list.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)));

const LOST = DATA.left_out.reduce((sum, one) => sum + one.triplets, 0);

// 0 for an error, 3 for nothing.
const badness = (row) => (FINDINGS[row].length ? SEVERITIES.indexOf(FINDINGS[row][0].severity) : SEVERITIES.length);

// An element; texts become text, so that nothing in a key is ever read as HTML.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}
const byId = (id) => document.getElementById(id);
const say = (text) => { byId("status").textContent = text; };

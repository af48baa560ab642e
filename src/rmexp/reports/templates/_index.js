"use strict";
const table = document.querySelector("table"), body = table.tBodies[0], rows = [...body.rows];
const search = document.querySelector("input"), told = document.querySelector("output");
function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += !row.hidden;
  }
  told.textContent = shown + " of " + rows.length + " runs";
}
function key(row, column) {
  const cell = row.cells[column];
  return "value" in cell.dataset ? parseFloat(cell.dataset.value) : cell.textContent.trim().toLowerCase();
}
function sort(header) {
  const falls = header.getAttribute("aria-sort") === "ascending", column = header.cellIndex;
  for (const other of header.parentNode.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", falls ? "descending" : "ascending");
  const missing = (value) => value === "" || Number.isNaN(value);
  rows.sort((a, b) => {
    const first = key(a, column), second = key(b, column);
    if (missing(first) || missing(second)) return missing(first) - missing(second);
    return (first < second ? -1 : first > second ? 1 : 0) * (falls ? -1 : 1);
  });
  body.append(...rows);
}
for (const button of table.tHead.querySelectorAll("button")) {
  button.addEventListener("click", () => sort(button.parentNode));
}
search.addEventListener("input", show);
show();

"use strict";
// Sorts a printed table by a column: up, down, and back to the order in print.
for (const table of document.querySelectorAll("figure table")) {
  const body = table.tBodies[0];
  const printed = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const words = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const compare = { number: (a, b) => a - b, date: (a, b) => (a < b ? -1 : Number(a > b)), text: words.compare };
  heads.forEach((head, column) => {
    if (!head.dataset.sort || printed.length < 3) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...[...head.childNodes].filter(node => !node.classList?.contains("unit")));
    head.prepend(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      const rows = [...printed];
      if (next) {
        const sign = next === "ascending" ? 1 : -1;
        head.setAttribute("aria-sort", next);
        rows.sort((one, other) => {
          const [a, b] = [value(one, column), value(other, column)];
          if (a === "" || b === "") return Number(a === "") - Number(b === "");  // nothing known: last
          return sign * compare[head.dataset.sort](a, b);
        });
      }
      body.append(...rows);
    });
  });
}
// Copies the address of a figure; where that is not allowed, the link stays a link.
for (const link of document.querySelectorAll("a.permalink")) {
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  link.parentElement.append(said);
  link.addEventListener("click", event => {
    if (!navigator.clipboard || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    navigator.clipboard.writeText(link.href).then(
      () => {
        said.textContent = link.dataset.done;
        setTimeout(() => { said.textContent = ""; }, 4000);
      },
      () => { location.hash = link.hash; });
  });
}
// A table that fits needs no stop of the Tab key.
const fits = new ResizeObserver(entries => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
document.querySelectorAll(".scroll").forEach(region => fits.observe(region));

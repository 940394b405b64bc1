(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("js");

  // Plots: what lies under the pointer is said beside it.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const cells = new WeakMap();
  function read(pane) {
    if (!cells.has(pane)) cells.set(pane, JSON.parse(pane.querySelector("script").textContent));
    return cells.get(pane);
  }
  const between = (edges, at) => edges.findIndex((edge, i) => i + 1 < edges.length && (at - edge) * (at - edges[i + 1]) <= 0);
  function say(event) {
    const area = event.target.closest?.(".area");
    const pane = area?.parentElement;
    if (!pane?.querySelector("script")) return hush();
    const { left, top, width, height } = area.getBoundingClientRect();
    const { x, y, t, c, r, z } = read(pane);
    const i = between(x, (1000 * (event.clientX - left)) / width);
    const j = between(y, (1000 * (event.clientY - top)) / height);
    if (i < 0 || j < 0) return hush();
    const at = j * (x.length - 1) + i;
    tip.textContent = t ? t[at] : `${c[i]}, ${r[j]}: ${z[at]}`;
    tip.hidden = false;
    const beside = event.clientX + 14 + tip.offsetWidth > innerWidth ? -14 - tip.offsetWidth : 14;
    tip.style.left = `${Math.max(4, event.clientX + beside)}px`;
    tip.style.top = `${Math.max(4, event.clientY - tip.offsetHeight - 12)}px`;
  }
  function hush() { tip.hidden = true; }
  addEventListener("pointermove", say, { passive: true });
  addEventListener("pointerdown", say, { passive: true });
  addEventListener("scroll", hush, { passive: true, capture: true });

  for (const box of all("input[data-log]")) {
    box.addEventListener("change", () => document.getElementById(box.dataset.log).classList.toggle("log", box.checked));
  }
  for (const box of all("input[data-filter]")) {
    box.addEventListener("input", () => {
      const wanted = box.value.trim().toLowerCase();
      for (const figure of all("figure.plot", document.getElementById(box.dataset.filter))) {
        figure.hidden = !figure.dataset.name.includes(wanted);
      }
    });
  }

  // Tabs: links that also work without this script.
  const panels = all(".panel");
  const tabs = all("#tabs a");
  const list = document.getElementById("tabs");
  if (list) list.setAttribute("role", "tablist");
  let active = null; // The tab that had the focus before the browser moved on to its panel.
  const panelOf = (tab) => document.getElementById(tab.hash.slice(1));
  tabs.forEach((tab, at) => {
    tab.id = `tab-${tab.hash.slice(1)}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", tab.hash.slice(1));
    panelOf(tab).setAttribute("role", "tabpanel");
    panelOf(tab).setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      active = tabs[(at + step + tabs.length) % tabs.length];
      location.hash = active.hash;
    });
    tab.addEventListener("click", () => { active = tab; });
  });

  function open(panel) {
    panels.forEach((other) => other.classList.toggle("open", other === panel));
    for (const tab of tabs) {
      const chosen = panelOf(tab) === panel;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen && list.scrollWidth > list.clientWidth) list.scrollLeft = tab.offsetLeft - list.clientWidth / 3;
    }
  }
  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const panel = target?.closest(".panel") ?? panels[0];
    if (!panel) return;
    open(panel);
    active?.focus({ preventScroll: true });
    active = null;
    if (target && target !== panel) target.scrollIntoView({ block: "center" });
    else if (target) scrollTo(0, Math.min(scrollY, list.getBoundingClientRect().top + scrollY));
  }
  addEventListener("hashchange", follow);
  follow();

  // Tables that are cut say so, until their end is reached.
  function cut(box) {
    const frame = box.querySelector(".table");
    const { scrollWidth, clientWidth, scrollLeft, scrollHeight, clientHeight, scrollTop } = frame;
    box.classList.toggle("wider", scrollWidth > clientWidth + 1);
    box.classList.toggle("longer", scrollHeight > clientHeight + 1);
    box.classList.toggle("at-right", scrollLeft + clientWidth >= scrollWidth - 1);
    box.classList.toggle("at-end", scrollTop + clientHeight >= scrollHeight - 1);
    box.style.setProperty("--seen", `${frame.offsetHeight}px`);
  }
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => cut(target.parentElement)));
  for (const frame of all(".cut > .table")) {
    sizes.observe(frame);
    frame.addEventListener("scroll", () => cut(frame.parentElement), { passive: true });
  }

  // Tables: a click on a head sorts by its column, cells without a figure last.
  const key = (cell) => (cell.dataset.sort === undefined ? cell.textContent.trim() : Number.parseFloat(cell.dataset.sort));
  function sort(table, at, sign) {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [key(row.cells[at]), row]);
    const compare = ([a], [b]) => {
      if (typeof a === "string") return sign * a.localeCompare(b, undefined, { numeric: true });
      return Number.isNaN(a) || Number.isNaN(b) ? Number.isNaN(a) - Number.isNaN(b) : sign * (a - b);
    };
    body.append(...rows.sort(compare).map(([, row]) => row));
  }
  for (const table of all("table")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.classList.contains("number") ? head.ariaSort !== "descending" : head.ariaSort === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        sort(table, at, down ? -1 : 1);
      });
    });
  }
})();

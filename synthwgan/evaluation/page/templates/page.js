(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const night = matchMedia("(prefers-color-scheme: dark)");
  const touch = matchMedia("(pointer: coarse)").matches;
  const config = { displaylogo: false, responsive: true, displayModeBar: touch ? false : "hover", modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
  const printWidth = { two: 330, one: 680 };
  const drawn = new Map();
  let printing = false;

  root.classList.add("js");

  // Plots: drawn when they come into sight, one a frame, so that the page opens at once.
  const themes = JSON.parse(document.getElementById("themes")?.textContent ?? "{}");
  const theme = () => (night.matches && !printing ? themes.dark : themes.light);

  function load() {
    if (window.Plotly) return;
    const script = document.createElement("script");
    script.textContent = document.getElementById("plotly").textContent;
    document.head.append(script);
  }

  // A finger that moves over a plot scrolls the page.
  const dragging = touch ? { dragmode: false } : {};

  function paint(figure, size = { autosize: true }) {
    const { data, layout } = drawn.get(figure);
    const { template, scales } = theme();
    const traces = data.map((trace) => (scales[trace.meta] ? { ...trace, colorscale: scales[trace.meta] } : trace));
    Plotly.react(figure.querySelector(".canvas"), traces, { ...layout, ...dragging, ...size, template }, config);
  }

  function draw(figure) {
    if (drawn.has(figure)) return;
    load();
    drawn.set(figure, JSON.parse(figure.querySelector("script").textContent));
    if (figure.closest(".plots.log")) scale(figure, "log");
    paint(figure);
    figure.dataset.drawn = "";
  }

  const queue = [];
  function drawNext() {
    const figure = queue.shift();
    if (figure && !figure.hidden && figure.offsetParent) draw(figure);
    if (queue.length) requestAnimationFrame(drawNext);
  }
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting || drawn.has(target) || queue.includes(target)) continue;
        if (queue.push(target) === 1) requestAnimationFrame(drawNext);
      }
    },
    { rootMargin: "300px" },
  );
  all("figure.plot").forEach((figure) => watcher.observe(figure));

  night.addEventListener("change", () => [...drawn.keys()].forEach((figure) => paint(figure)));

  function scale(figure, type) {
    const axis = drawn.get(figure).layout[figure.dataset.axis];
    if (axis) axis.type = type;
  }
  for (const box of all("input[data-log]")) {
    box.addEventListener("change", () => {
      const group = document.getElementById(box.dataset.log);
      group.classList.toggle("log", box.checked);
      for (const figure of all("figure.plot", group)) {
        if (!drawn.has(figure)) continue;
        scale(figure, box.checked ? "log" : "linear");
        paint(figure);
      }
    });
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

  // Print: every tab with every plot, on white paper, as wide as the paper.
  addEventListener("beforeprint", () => {
    printing = true;
    panels.forEach((panel) => panel.classList.add("open"));
    for (const figure of all("figure.plot")) {
      draw(figure);
      paint(figure, { autosize: false, width: figure.closest(".two") ? printWidth.two : printWidth.one });
    }
  });
  addEventListener("afterprint", () => {
    printing = false;
    for (const figure of drawn.keys()) paint(figure);
    follow();
  });
})();

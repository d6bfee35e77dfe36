// What all pages share: light and dark, and charts in the page's own colours.
"use strict";

window.Review = (function () {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Map(); // element -> figure with the names of colours

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  }

  function colour(name) {
    return getComputedStyle(root).getPropertyValue(name).trim();
  }

  // Replaces every "var(--name)" in a figure by the colour of the theme.
  function coloured(value) {
    if (typeof value === "string") {
      return value.startsWith("var(") ? colour(value.slice(4, -1)) : value;
    }
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v)]));
    }
    return value;
  }

  function render(element, figure) {
    const axis = {
      gridcolor: "var(--line)", linecolor: "var(--line)", zerolinecolor: "var(--line)",
      fixedrange: true, automargin: true, ticklabeloverflow: "allow",
    };
    const layout = { ...figure.layout };
    for (const name of Object.keys(layout).concat(["xaxis", "yaxis"])) {
      if (/^[xy]axis\d*$/.test(name)) layout[name] = { ...axis, ...layout[name] };
    }
    const defaults = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: "var(--text)" },
      margin: { l: 8, r: 12, t: 8, b: 36 }, hovermode: "closest",
      hoverlabel: { bgcolor: "var(--raised)", bordercolor: "var(--line)",
        font: { color: "var(--text)" }, align: "left" },
      showlegend: false, dragmode: false,
    };
    element.style.height = `${layout.height}px`;
    return Plotly.react(element, coloured(figure.data), coloured({ ...defaults, ...layout }),
      { displayModeBar: false, responsive: true });
  }

  // Above a chart, as text: it wraps on a phone.
  function addLegend(element, entries) {
    let legend = element.previousElementSibling;
    if (!legend || legend.className !== "legend") {
      legend = document.createElement("div");
      legend.className = "legend";
      element.before(legend);
    }
    legend.replaceChildren(...entries.map(function ([name, colourName]) {
      const entry = document.createElement("span"), key = document.createElement("span");
      key.className = "key";
      key.style.setProperty("--of", colourName);
      entry.append(key, name);
      return entry;
    }));
  }

  // A figure is what plotly.js draws, and `legend`: names with their colours.
  function draw(element, figure) {
    drawn.set(element, figure);
    addLegend(element, figure.legend || []);
    return render(element, figure);
  }

  function repaint() {
    button.textContent = isDark() ? "Light" : "Dark";
    drawn.forEach((figure, element) => render(element, figure));
    root.dispatchEvent(new CustomEvent("themechange"));
  }

  button.addEventListener("click", function () {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("podium-theme", root.dataset.theme); }
    catch (error) { /* the choice then lasts for this page */ }
    repaint();
  });
  system.addEventListener("change", repaint);

  // Figures that a page brings along: window.podium_charts by the id of their element.
  window.addEventListener("DOMContentLoaded", function () {
    repaint();
    for (const [id, figure] of Object.entries(window.podium_charts || {})) {
      const element = document.getElementById(id);
      if (element) draw(element, figure);
    }
  });

  // A selector that shows one of several panels: <select data-panels="x"> and #x-0, #x-1, ...
  for (const select of document.querySelectorAll("select[data-panels]")) {
    const choose = function () {
      for (const option of select.options) {
        const panel = document.getElementById(`${select.dataset.panels}-${option.value}`);
        panel.hidden = option.value !== select.value;
      }
    };
    select.addEventListener("change", choose);
    choose();
  }

  return { colour, draw, isDark };
})();

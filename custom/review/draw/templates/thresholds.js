// The operating table at the threshold of the slider.
"use strict";

(function () {
  const data = window.podium_thresholds;
  const model = document.getElementById("model"), slider = document.getElementById("threshold");
  const shown = document.getElementById("shown"), rows = document.getElementById("rows");
  const nothing = "\u2013";

  function share(part, whole) {
    return whole ? (part / whole).toFixed(3) : nothing;
  }

  function cells(name, each, step) {
    const [tp, fp, fn, tn] = each.counts.map((values) => values[step]);
    const counts = [tp, fp, fn, tn].map((n) => (n === null ? nothing : n.toLocaleString("en")));
    return [
      name, share(tp, tp + fp), share(tp, tp + fn), share(2 * tp, 2 * tp + fp + fn), ...counts,
      each.best === null ? nothing : each.best.toFixed(3),
    ];
  }

  function show() {
    const step = Number(slider.value);
    shown.textContent = (step / data.steps).toFixed(3);
    rows.replaceChildren(...data.models[Number(model.value)].map(function (each, label) {
      const row = document.createElement("tr");
      cells(data.names[label], each, step).forEach(function (text, place) {
        const cell = document.createElement(place ? "td" : "th");
        if (place) cell.className = "n";
        else cell.scope = "row";
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    }));
  }

  slider.addEventListener("input", show);
  model.addEventListener("change", show);
  show();
})();

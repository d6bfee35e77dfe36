// The page of classes: which class and model are shown, by selectors and by the address.
"use strict";

(function () {
  const common = window.podium_classes;
  const classSelect = document.getElementById("class");
  const modelSelect = document.getElementById("model");
  const { curve, scores, parts, matrix, fixed } = window.ClassFigures;
  let shown = { label: -1, model: -1 };

  function byId(id) { return document.getElementById(id); }

  function element(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function option(value, text) {
    const made = element("option", text);
    made.value = value;
    return made;
  }

  // `#Battery`, or `#class=Battery&model=1`; names are encoded, so they hold no "=".
  function fromAddress() {
    const hash = location.hash.slice(1);
    const asked = new URLSearchParams(hash.includes("=") ? hash : "");
    let name = asked.get("class");
    if (!hash.includes("=")) {
      try { name = decodeURIComponent(hash); } catch (error) { name = null; }
    }
    const label = common.names.indexOf(name);
    const model = Number(asked.get("model") ?? (shown.model < 0 ? common.final : shown.model));
    return {
      label: label < 0 ? (shown.label < 0 ? common.order[0] : shown.label) : label,
      model: common.models[model] ? model : common.final,
    };
  }

  function address(label, model) {
    const name = encodeURIComponent(common.names[label]);
    return model === common.final ? `#${name}` : `#class=${name}&model=${model}`;
  }

  // The data of a class are a script of their own.
  function withClass(label, use) {
    const record = window[`podium_class_${label}`];
    if (record) return use(record);
    const script = document.createElement("script");
    script.src = `data/class-${label}.js`;
    script.onload = () => use(window[`podium_class_${label}`]);
    document.head.append(script);
  }

  function show(next) {
    shown = next;
    classSelect.value = next.label;
    modelSelect.value = next.model;
    withClass(next.label, function (record) {
      if (shown.label === next.label && shown.model === next.model) fill(next, record);
    });
  }

  function fill({ label, model }, record) {
    const name = common.names[label];
    byId("heading").textContent = name;
    document.title = `${name} \u00b7 ${document.title.split(" \u00b7 ").pop()}`;
    fillFacts(record, model);
    fillErrors(label, model);
    fillConfusion(label, record.taken_for[model], record.annotated_as[model]);
    Review.draw(byId("curve"), curve(record));
    Review.draw(byId("scores"), scores(record.models[model]));
    Review.draw(byId("size"), parts(record.size));
    Review.draw(byId("aspect"), parts(record.aspect));
    if (common.confusion) fillMatrix(common.confusion[model]);
    document.body.dataset.shown = `${label},${model}`;
  }

  function fillFacts(record, chosen) {
    const rows = record.models.map(function (one, k) {
      const row = document.createElement("tr");
      if (k === chosen) row.className = "final";
      const head = element("th", "");
      head.scope = "row";
      const key = element("span", "", "key");
      key.style.setProperty("--of", common.models[k].colour);
      head.append(key, common.models[k].name);
      const best = one.best || { scores: null, precision: null, recall: null };
      const ends = one.interval.map(fixed).join(" to ");
      const cells = [fixed(one.ap), ends, ...["scores", "precision", "recall"].map(
        (what) => fixed(best[what]))];
      row.append(head, ...cells.map((text) => element("td", text, "n")));
      return row;
    });
    byId("facts").replaceChildren(...rows);
  }

  function fillErrors(label, model) {
    const line = byId("errors-of-class");
    const boxes = common.num_gt[label].toLocaleString("en");
    const what = common.num_gt[label] === 1 ? "box" : "boxes";
    line.replaceChildren(`${boxes} annotated ${what}. Look at its errors: `);
    common.kinds.forEach(function (kind, i) {
      const link = element("a", `${kind.title.toLowerCase()} (${kind.counts[model][label].toLocaleString("en")})`);
      link.href = `gallery.html#kind=${kind.kind}` +
        `&class=${encodeURIComponent(common.names[label])}&model=${model}`;
      line.append(link, i < common.kinds.length - 1 ? ", " : ".");
    });
  }

  function fillMatrix(counts) {
    Review.draw(byId("matrix"), matrix(counts)).then(function (chart) {
      chart.removeAllListeners("plotly_click");
      chart.on("plotly_click", function (event) {
        const row = event.points[0].pointIndex[0];
        if (row < common.names.length) go(row, shown.model);
      });
    });
  }

  // The last entry of both is no class: boxes that were missed, detections on background.
  function fillConfusion(label, row, column) {
    const last = common.names.length;
    const name = common.names[label];
    byId("row-title").textContent = `Boxes annotated as ${name} were taken for`;
    byId("column-title").textContent = `Boxes found as ${name} are annotated as`;
    fillShares("row", row, (j) => (j === last ? "nothing: missed" : common.names[j]), label);
    fillShares("column", column, (i) => (i === last ? "no box of its own" : common.names[i]),
      label);
  }

  // The most frequent first; a bar is the share.
  function fillShares(id, counts, nameOf, own) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const order = counts.map((count, i) => i).filter((i) => counts[i] > 0)
      .sort((a, b) => counts[b] - counts[a]).slice(0, 8);
    const rows = order.map(function (i) {
      const row = document.createElement("tr");
      const share = counts[i] / total;
      const bar = element("span", "", "bar");
      bar.style.width = `${(100 * share).toFixed(1)}%`;
      bar.style.setProperty("--of", i === own ? "var(--hit)" : "var(--miss)");
      const cell = element("td", "", "bars");
      cell.append(bar);
      row.append(element("th", nameOf(i)), element("td", counts[i].toLocaleString("en"), "n"),
        element("td", `${(100 * share).toFixed(1)}%`, "n"), cell);
      return row;
    });
    byId(id).replaceChildren(...rows);
    if (!rows.length) byId(id).append(element("tr", "there are none"));
  }

  function go(label, model) {
    history.replaceState(null, "", address(label, model));
    show({ label, model });
  }

  common.order.forEach((label) => classSelect.append(option(label, common.names[label])));
  common.models.forEach((model, k) => modelSelect.append(option(k, model.name)));
  const chosen = () => go(Number(classSelect.value), Number(modelSelect.value));
  classSelect.addEventListener("change", chosen);
  modelSelect.addEventListener("change", chosen);
  window.addEventListener("hashchange", () => show(fromAddress()));
  window.addEventListener("DOMContentLoaded", () => show(fromAddress()));
})();

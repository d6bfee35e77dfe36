// The figures of the page of classes: from its data to what plotly.js draws.
"use strict";

window.ClassFigures = (function () {
  const common = window.podium_classes;

  // plotly.js reads labels as a kind of HTML.
  function plain(name) {
    return name.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  function fixed(value) {
    return value === null || !isFinite(value) ? "\u2013" : value.toFixed(3);
  }

  function curve(record) {
    const data = [];
    record.models.forEach(function (one, k) {
      const model = common.models[k];
      const name = plain(model.name);
      data.push({
        type: "scatter", mode: "lines", name, x: one.curve.recall, y: one.curve.precision,
        line: { color: model.colour, width: 2 },
        text: one.curve.scores.map((score, i) => `${name}<br>score from ${fixed(score)} on<br>` +
          `precision ${fixed(one.curve.precision[i])}, recall ${fixed(one.curve.recall[i])}`),
        hoverinfo: "text",
      });
      if (one.best) {
        data.push({
          type: "scatter", mode: "markers", cliponaxis: false, x: [one.best.recall], y: [one.best.precision],
          marker: { symbol: "circle-open", size: 11, color: model.colour, line: { width: 2 } },
          text: [`${name}, best F1<br>score from ${fixed(one.best.scores)} on<br>` +
            `precision ${fixed(one.best.precision)}, recall ${fixed(one.best.recall)}`],
          hoverinfo: "text",
        });
      }
    });
    const axis = (title) => ({ title: { text: title }, range: [0, 1.02], dtick: 0.2 });
    const layout = { height: 320, xaxis: axis("recall"), yaxis: axis("precision") };
    return { data, layout, legend: legend() };
  }

  function legend() {
    return common.models.length > 1 ? common.models.map((m) => [m.name, m.colour]) : [];
  }

  function scores(one) {
    const edges = common.edges;
    const middles = edges.slice(1).map((edge, i) => (edge + edges[i]) / 2);
    const bars = (name, counts, colour) => ({
      type: "bar", name, x: middles, y: counts.map((count) => count || null),
      marker: { color: colour },
      text: counts.map((count, i) => `${count} ${name}<br>with scores ` +
        `${edges[i].toFixed(2)} to ${edges[i + 1].toFixed(2)}`),
      hoverinfo: "text", textposition: "none",
    });
    const most = Math.max(10, ...one.hits, ...one.misses);
    return {
      data: [bars("hits", one.hits, "var(--hit)"), bars("misses", one.misses, "var(--miss)")],
      layout: {
        height: 320, barmode: "group", bargap: 0.15,
        xaxis: { title: { text: "score" }, range: [0, 1] },
        yaxis: { title: { text: "boxes" }, type: "log", dtick: 1,
          range: [-0.1, Math.log10(most) + 0.1] },
      },
      legend: [["hits", "var(--hit)"], ["misses", "var(--miss)"]],
    };
  }

  function parts(part) {
    const labels = part.names.map((name, i) => `${name} (${part.num_gt[i].toLocaleString("en")})`);
    const data = common.models.map((model, k) => ({
      type: "bar", name: plain(model.name), x: labels, y: part.ap[k],
      marker: { color: model.colour },
      text: part.ap[k].map((value, i) => `${plain(model.name)}<br>${labels[i]}: ${fixed(value)}`),
      hoverinfo: "text", textposition: "none",
    }));
    return {
      data, legend: legend(),
      layout: { height: 260, barmode: "group", bargap: 0.35, yaxis: { range: [0, 1], dtick: 0.2 } },
    };
  }

  // Rows: annotated classes, then no box. Columns: what they were taken for, then nothing.
  function matrix(counts) {
    const size = counts.length;
    const short = (name) => plain(name.length > 24 ? name.slice(0, 23) + "\u2026" : name);
    const names = common.names.map(short);
    const rows = [...names, "no box"], columns = [...names, "missed"];
    const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
    const isCorner = (i, j) => i === size - 1 && j === size - 1;
    const z = counts.map((row, i) => row.map((count, j) =>
      totals[i] && !isCorner(i, j) ? (100 * count) / totals[i] : null));
    const text = counts.map((row, i) => row.map((count, j) =>
      `${rows[i]} taken for ${columns[j]}<br>${count} (${(z[i][j] || 0).toFixed(1)}%)`));
    const position = [...Array(size).keys()];
    const isLarge = size > 25; // without numbers in the cells
    const figure = {
      data: [{
        type: "heatmap", z, x: position, y: position, text, hoverinfo: "text",
        xgap: isLarge ? 0 : 1, ygap: isLarge ? 0 : 1,
        zmin: 0, zmax: 100, showscale: false,
        colorscale: [[0, "var(--ramp-0)"], [1, "var(--ramp-1)"]],
      }],
      layout: {
        height: 110 + (isLarge ? 12 : 30) * size, annotations: [],
        width: Math.max(560, 210 + (isLarge ? 12 : 46) * size),
        font: { family: "system-ui, sans-serif", size: isLarge ? 9 : 12, color: "var(--text)" },
        margin: { l: 8, r: 60, t: 8, b: 8 },
        xaxis: { tickvals: position, ticktext: columns, side: "top", showgrid: false,
          tickangle: size > 4 ? -40 : 0, zeroline: false },
        yaxis: { tickvals: position, ticktext: rows, autorange: "reversed", showgrid: false,
          zeroline: false },
      },
    };
    if (!isLarge) figure.layout.annotations = numbers(z);
    return figure;
  }

  function numbers(z) {
    const labels = [];
    z.forEach((row, i) => row.forEach(function (value, j) {
      if (value === null || value < 0.5) return;
      labels.push({ x: j, y: i, text: value.toFixed(0), showarrow: false,
        font: { size: 11, color: value > 55 ? "var(--ground)" : "var(--text)" } });
    }));
    return labels;
  }

  return { curve, scores, parts, matrix, fixed };
})();

"use strict";
/* The large view: one image with its boxes, and its errors as a list. */

const View = (() => {
  const at = (id) => document.getElementById(id);
  let svg = null;
  let shown = null;
  let turn = 0;

  /* Show an image; `errors` are the model's, `choose` is called with the box that is clicked. */
  async function show(state, errors, choose) {
    const mine = ++turn;
    const here = await Data.boxesOf(state.model, state.image);
    if (mine !== turn) return;
    if (!svg || shown !== state.image) place(state.image);
    Data.overlay(svg, here, state, state.box, state.labels);
    const bbox = Data.boxNamed(here, state.box);
    const [width, height] = Data.facts.sizes[state.image];
    const zoomed = state.zoom && bbox;
    Picture.show(svg, zoomed ? Picture.around(svg, bbox, 1, 48) : [0, 0, width, height]);
    at("zoom").setAttribute("aria-pressed", String(Boolean(zoomed)));
    describe(here, state, errors, choose);
  }

  function place(image) {
    svg?.remove();
    svg = Data.picture(image, false);
    shown = image;
    const [width, height] = Data.facts.sizes[image];
    svg.style.setProperty("--shape", `${width} / ${height}`);
    at("stage").append(svg);
    resized.observe(svg);
  }

  const resized = new ResizeObserver(() => svg && Picture.size(svg));

  function describe(here, state, errors, choose) {
    const { facts } = Data;
    const [width, height] = facts.sizes[state.image];
    at("name").textContent = facts.names[state.image];
    const count = here.found.scores.filter((score) => score >= state.score).length;
    at("about").textContent = `${width}×${height}, ${here.truth.labels.length} annotated, `
      + `${count} detected from ${state.score.toFixed(2)}`
      + (facts.pictures[state.image] ? "" : ", no picture");
    const list = at("errors-here");
    list.replaceChildren();
    for (const i of errorsOf(state, errors)) list.append(entry(i, state, errors, choose));
    if (!list.children.length) list.append(line("no errors from this score on"));
  }

  function errorsOf(state, errors) {
    const here = [];
    errors.images.forEach((image, i) => {
      const low = errors.kinds[i] !== Data.MISSED && errors.scores[i] < state.score;
      if (image === state.image && !low) here.push(i);
    });
    return here;
  }

  function entry(i, state, errors, choose) {
    const name = Data.boxName(errors, i);
    const kind = Data.facts.kindTexts[errors.kinds[i]];
    const score = errors.kinds[i] === Data.MISSED ? "" : ` ${errors.scores[i].toFixed(2)}`;
    const button = document.createElement("button");
    button.type = "button";
    const text = `${kind}: ${Data.facts.classes[errors.labels[i]]}${score}`;
    button.append(text, cost(errors.costs[i]));
    button.setAttribute("aria-pressed", String(name === state.box));
    button.addEventListener("click", () => choose(name === state.box ? null : name));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  function cost(value) {
    const node = document.createElement("small");
    node.textContent = Grid.costText(value);
    return node;
  }

  function line(text) {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }

  function close() {
    turn += 1;
    svg?.remove();
    [svg, shown] = [null, null];
  }

  return { show, close };
})();

"use strict";
/* The gallery: one state, kept in the address and the controls; whatever changes it redraws. */

(() => {
  const { facts } = Data;
  const at = (id) => document.getElementById(id);
  const LAYERS = ["truth", "hits", "errors", "labels"];
  let state = null;
  let errors = null;
  let items = [];
  let cursor = -1;
  let scrolled = 0;
  let sliding = 0;

  /* ---- the state and the address ---- */

  function initial(model) {
    return {
      model, show: "images", kind: "", class: "", score: facts.models[model].score,
      truth: true, hits: true, errors: true, labels: true, image: null, box: null, zoom: false,
    };
  }

  const among = (value, values, otherwise) => (values.includes(value) ? value : otherwise);

  function whole(text, count) {
    const number = /^\d+$/.test(text || "") ? Number(text) : -1;
    return number >= 0 && number < count ? number : null;
  }

  /* Read the address; what it lacks or has wrong is as at first. */
  function fromAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const made = initial(whole(given.get("model"), facts.models.length) ?? facts.first);
    made.show = among(given.get("show"), ["images", "boxes"], made.show);
    made.kind = among(given.get("kind"), facts.kinds.slice(1), "");
    made.class = among(given.get("class"), facts.classes, "");
    const score = parseFloat(given.get("score"));
    if (score >= 0 && score <= 1) made.score = score;
    made.image = whole(given.get("image"), facts.names.length);
    made.box = /^[dg]\d+$/.test(given.get("box") || "") ? given.get("box") : null;
    made.zoom = given.get("zoom") === "1";
    for (const layer of (given.get("hide") || "").split(",")) {
      if (LAYERS.includes(layer)) made[layer] = false;
    }
    return made;
  }

  function toAddress() {
    const given = new URLSearchParams();
    given.set("model", state.model);
    if (state.show !== "images") given.set("show", state.show);
    if (state.kind) given.set("kind", state.kind);
    if (state.class) given.set("class", state.class);
    given.set("score", String(Math.round(state.score * 100) / 100));
    const hidden = LAYERS.filter((layer) => !state[layer]);
    if (hidden.length) given.set("hide", hidden.join(","));
    if (state.image !== null) given.set("image", state.image);
    if (state.box) given.set("box", state.box);
    if (state.zoom) given.set("zoom", "1");
    history.replaceState(null, "", `#${given}`);
  }

  /* ---- drawing ---- */

  async function change(values) {
    await apply({ ...state, ...values });
    toAddress();
  }

  async function apply(wanted) {
    const before = state;
    state = wanted;
    try {
      errors = await Data.errorsOf(wanted.model);
      if (state !== wanted) return;
      const filters = ["model", "show", "kind", "class", "score"];
      if (!before || filters.some((key) => before[key] !== wanted[key])) relist();
      toControls();
      redraw();
    } catch (error) {
      at("count").textContent = error.message;
    }
  }

  function relist() {
    items = Data.listed(errors, state);
    cursor = positionOf(state);
  }

  function redraw() {
    const wasOpen = !at("view").hidden;
    const isOpen = state.image !== null;
    if (isOpen && !wasOpen) scrolled = scrollY;
    at("view").hidden = !isOpen;
    at("grid").hidden = isOpen;
    document.body.classList.toggle("viewing", isOpen);
    if (isOpen) {
      View.show(state, errors, (box) => change({ box })).catch(report);
      preload();
      if (!wasOpen) scrollTo(0, 0);
    } else {
      View.close();
      Grid.show(items, errors, state, open);
      if (wasOpen) { scrollTo(0, scrolled); Grid.fill(); if (cursor >= 0) Grid.focus(cursor); }
    }
    say();
  }

  /* The pictures that the next key will ask for. */
  function preload() {
    for (const item of [items[cursor + 1], items[cursor - 1]]) {
      if (item && Data.href(item.image, false)) new Image().src = Data.href(item.image, false);
    }
  }

  function report(error) {
    at("count").textContent = error.message;
  }

  function say() {
    const count = items.reduce((sum, item) => sum + item.count, 0);
    const low = Data.countOf(errors, { ...state, score: 0 }) - count;
    const { total, listed } = facts.models[state.model];
    const number = (value) => value.toLocaleString("en");
    const several = (value, one) => `${number(value)} ${one}${value === 1 ? "" : "s"}`;
    const where = state.show === "images" ? ` on ${several(items.length, "image")}` : "";
    const below = low ? `, ${number(low)} more below this score` : "";
    const beyond = total > listed
      ? `; of all ${number(total)} errors the costliest ${number(listed)} are listed` : "";
    at("count").textContent = `${several(count, "error")}${where}${below}${beyond}`;
    at("place").textContent = cursor < 0 ? "not in this list" : `${cursor + 1} of ${items.length}`;
  }

  function toControls() {
    for (const id of ["model", "show", "kind", "class"]) at(id).value = state[id];
    for (const id of LAYERS) at(id).checked = state[id];
    at("score").value = state.score;
    at("score-text").textContent = state.score.toFixed(2);
  }

  /* ---- moving ---- */

  function positionOf({ image, box, show }) {
    return items.findIndex((item) => item.image === image && (show === "images" || item.box === box));
  }

  function open(position) {
    cursor = position;
    change({ image: items[position].image, box: items[position].box });
  }

  function step(by) {
    if (!items.length) return;
    const wanted = cursor < 0 ? 0 : Math.min(Math.max(cursor + by, 0), items.length - 1);
    if (state.image === null) {
      cursor = wanted;
      Grid.focus(cursor);
    } else open(wanted);
  }

  const closeView = () => change({ image: null, box: null, zoom: false });
  const toScore = (score) => change({ score: Math.min(Math.max(Math.round(score * 100) / 100, 0), 1) });

  /* A slider moves more often than a screen is drawn. */
  function onSlider() {
    at("score-text").textContent = Number(at("score").value).toFixed(2);
    cancelAnimationFrame(sliding);
    sliding = requestAnimationFrame(() => toScore(Number(at("score").value)));
  }

  function togglePredictions() {
    const on = !(state.hits || state.errors);
    change({ hits: on, errors: on });
  }

  /* Zoom to the chosen box, or to the costliest error of the image. */
  function toggleZoom() {
    if (state.image === null) return;
    const first = errors.images.indexOf(state.image);
    const box = state.box ?? (first < 0 ? null : Data.boxName(errors, first));
    change({ zoom: !state.zoom, box });
  }

  const KEYS = {
    ArrowRight: () => step(1), j: () => step(1),
    ArrowLeft: () => step(-1), k: () => step(-1),
    ArrowDown: () => step(Grid.columns()), ArrowUp: () => step(-Grid.columns()),
    g: () => change({ truth: !state.truth }), p: togglePredictions,
    h: () => change({ hits: !state.hits }), e: () => change({ errors: !state.errors }),
    l: () => change({ labels: !state.labels }), z: toggleZoom,
    "+": () => toScore(state.score + 0.05), "=": () => toScore(state.score + 0.05),
    "-": () => toScore(state.score - 0.05),
    Escape: closeView, "?": () => at("help").showModal(),
  };

  /* Keys that a control or the browser itself needs are left to it. */
  function onKey(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || at("help").open) return;
    if (!Object.hasOwn(KEYS, key)) return;
    if (key.startsWith("Arrow") && target.matches("select, input[type=range]")) return;
    if (state.image !== null && (key === "ArrowDown" || key === "ArrowUp")) return;
    if (key.length === 1 && target.matches("select")) return;
    event.preventDefault();
    KEYS[key]();
  }

  /* ---- start ---- */

  function listen() {
    at("controls").addEventListener("submit", (event) => event.preventDefault());
    at("model").addEventListener("change", () => change(
      { model: Number(at("model").value), box: null, zoom: false }));
    for (const id of ["show", "kind", "class"]) {
      at(id).addEventListener("change", () => change({ [id]: at(id).value }));
    }
    for (const id of LAYERS) {
      at(id).addEventListener("change", () => change({ [id]: at(id).checked }));
    }
    at("score").addEventListener("input", onSlider);
    at("back").addEventListener("click", closeView);
    at("previous").addEventListener("click", () => step(-1));
    at("next").addEventListener("click", () => step(1));
    at("zoom").addEventListener("click", toggleZoom);
    document.addEventListener("keydown", onKey);
    addEventListener("hashchange", () => apply(fromAddress()));
  }

  listen();
  apply(fromAddress());
})();

"use strict";
/* What the gallery shows: errors of a model, boxes of an image, loaded when they are needed. */

const Data = (() => {
  const facts = window.gallery;
  const MISSED = facts.kinds.indexOf("missed");
  const loading = new Map();

  /* A page from disk may not fetch: data are scripts that assign to `window`. */
  function load(file, variable) {
    if (!loading.has(file)) {
      loading.set(file, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = file;
        script.onload = () => resolve(window[variable]);
        script.onerror = () => reject(new Error(`${file} is missing: copy the whole folder`));
        document.head.append(script);
      }));
    }
    return loading.get(file);
  }

  const errorsOf = (model) => load(`data/gallery-errors-${model}.js`, `galleryErrors_${model}`);

  /* The annotated boxes of an image, and a model's detections on it. */
  async function boxesOf(model, image) {
    const number = Math.floor(image / facts.chunk);
    const [truth, found] = await Promise.all([
      load(`data/gallery-truth-${number}.js`, `galleryTruth_${number}`),
      load(`data/gallery-boxes-${model}-${number}.js`, `galleryBoxes_${model}_${number}`),
    ]);
    return { truth: truth[image % facts.chunk], found: found[image % facts.chunk] };
  }

  function href(image, small) {
    const key = facts.pictures[image];
    return key && `${facts.folder}/${key}${small ? "-small" : ""}.jpg`;
  }

  function picture(image, small) {
    const [width, height] = facts.sizes[image];
    return Picture.make(width, height, href(image, small), facts.names[image]);
  }

  /* Errors that the filters leave, as positions in the model's list, which falls by cost. */
  function filtered(errors, state) {
    const kind = facts.kinds.indexOf(state.kind);
    const label = facts.classes.indexOf(state.class);
    const kept = [];
    for (let i = 0; i < errors.kinds.length; i++) {
      if (kind > 0 && errors.kinds[i] !== kind) continue;
      if (label >= 0 && errors.labels[i] !== label) continue;
      if (errors.kinds[i] !== MISSED && errors.scores[i] < state.score) continue;
      kept.push(i);
    }
    return kept;
  }

  const countOf = (errors, state) => filtered(errors, state).length;

  const boxName = (errors, i) => `${errors.kinds[i] === MISSED ? "g" : "d"}${errors.places[i]}`;

  /* What the grid lists: single errors, or images with the sum of their errors' costs. */
  function listed(errors, state) {
    const kept = filtered(errors, state);
    const asItem = (i) => (
      { image: errors.images[i], box: boxName(errors, i), cost: errors.costs[i], count: 1, at: i });
    if (state.show === "boxes") return kept.map(asItem);
    const images = new Map();
    for (const i of kept) {
      const item = images.get(errors.images[i]);
      if (!item) images.set(errors.images[i], { ...asItem(i), box: null });
      else { item.cost += errors.costs[i]; item.count += 1; }
    }
    return [...images.values()].sort((a, b) => b.cost - a.cost || a.image - b.image);
  }

  /* The boxes of an image as the layers, the filters and the score leave them. */
  function drawn(here, state) {
    return [...annotatedBoxes(here, state), ...detectedBoxes(here, state)];
  }

  function annotatedBoxes({ truth, found }, state) {
    const missed = new Set(found.missed);
    return truth.bboxes.map((bbox, at) => {
      const style = missed.has(at) && state.errors ? "missed" : "truth";
      const label = truth.labels[at];
      const text = facts.classes[label] + (truth.crowds[at] ? " (crowd)" : "");
      const faint = style === "missed" && !asked(state, MISSED, label);
      return { name: `g${at}`, bbox, style, text, faint };
    }).filter((box) => box.style === "missed" || state.truth);
  }

  function detectedBoxes({ found }, state) {
    const boxes = [];
    found.bboxes.forEach((bbox, at) => {
      const kind = found.kinds[at];
      const label = found.labels[at];
      if (found.scores[at] < state.score || !(kind === 0 ? state.hits : state.errors)) return;
      const text = `${facts.classes[label]} ${found.scores[at].toFixed(2)}`;
      const style = kind === 0 ? "hit" : "error";
      const faint = kind !== 0 && !asked(state, kind, label);
      boxes.push({ name: `d${at}`, bbox, style, faint, text, kind });
    });
    return boxes;
  }

  function asked(state, kind, label) {
    return (!state.kind || facts.kinds[kind] === state.kind)
      && (!state.class || facts.classes[label] === state.class);
  }

  /* Draw what is to be seen of an image; the box named `chosen` last and stronger. */
  function overlay(svg, here, state, chosen, withText) {
    const boxes = drawn(here, state);
    boxes.sort((a, b) => (a.name === chosen) - (b.name === chosen));
    for (const box of boxes) {
      if (box.name === chosen) box.classes = ["chosen"];
      else if (box.faint) box.classes = ["faint"];
      if (!withText) box.text = "";
    }
    Picture.draw(svg, boxes);
  }

  function boxNamed({ truth, found }, name) {
    const list = name && name[0] === "g" ? truth.bboxes : found.bboxes;
    return name ? list[Number(name.slice(1))] : undefined;
  }

  return {
    facts, MISSED, errorsOf, boxesOf, href, picture, listed, countOf, overlay, boxNamed, boxName,
  };
})();

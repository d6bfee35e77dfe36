"use strict";
/* The grid: only the cards in sight exist, so that tens of thousands stay fluid. */

const Grid = (() => {
  const root = document.getElementById("grid");
  const GAP = 12;
  const LEAST_WIDTH = 168;
  const CAPTION = 46;
  const cards = new Map();
  let items = [];
  let errors = null;
  let state = null;
  let open = () => {};
  let layout = { columns: 1, width: LEAST_WIDTH, row: LEAST_WIDTH };

  function measure() {
    const width = root.clientWidth;
    const columns = Math.max(2, Math.floor((width + GAP) / (LEAST_WIDTH + GAP)));
    const card = (width - (columns - 1) * GAP) / columns;
    layout = { columns, width: card, row: card * 0.75 + CAPTION + GAP };
    const rows = Math.ceil(items.length / columns);
    root.style.height = `${rows * layout.row}px`;
  }

  /* Show other items; a card whose item is still in sight moves to its place. */
  function show(newItems, newErrors, newState, onOpen) {
    [items, errors, state, open] = [newItems, newErrors, newState, onOpen];
    measure();
    fill();
  }

  const nameOf = (item) => `${state.model}/${item.image}/${item.box}`;

  /* Make the cards in sight, and half a screen before and after; drop the others. */
  function fill() {
    if (!state || !root.offsetParent) return;
    const top = -root.getBoundingClientRect().top;
    const { columns, row } = layout;
    const first = Math.max(0, Math.floor((top - innerHeight / 2) / row)) * columns;
    const last = Math.min(items.length, Math.ceil((top + innerHeight * 1.5) / row) * columns);
    const gone = new Set(cards.keys());
    for (let position = first; position < last; position++) {
      const name = nameOf(items[position]);
      gone.delete(name);
      if (!cards.has(name)) cards.set(name, make());
      put(cards.get(name), position);
    }
    for (const name of gone) { cards.get(name).remove(); cards.delete(name); }
  }

  function make() {
    const card = document.createElement("button");
    card.type = "button";
    card.className = "card";
    card.addEventListener("click", () => open(Number(card.dataset.position)));
    root.append(card);
    return card;
  }

  /* Put a card where its item is listed, drawn as the state wants it. */
  function put(card, position) {
    const { columns, width, row } = layout;
    const [x, y] = [position % columns, Math.floor(position / columns)];
    card.dataset.position = position;
    card.style.width = `${width}px`;
    card.style.height = `${row - GAP}px`;
    card.style.transform = `translate(${x * (width + GAP)}px, ${y * row}px)`;
    if (drawnFor.get(card) === state) return;
    drawnFor.set(card, state);
    const item = items[position];
    card.title = Data.facts.names[item.image];
    card.querySelector(".caption")?.remove();
    card.append(caption(item));
    fillIn(card, item).catch((error) => { card.title = error.message; });
  }

  const drawnFor = new WeakMap();

  function caption(item) {
    const text = document.createElement("span");
    text.className = "caption";
    const lines = state.show === "boxes" ? boxLines(item) : imageLines(item);
    lines.forEach((line, at) => {
      const node = document.createElement(at ? "small" : "b");
      node.textContent = line;
      text.append(node);
    });
    return text;
  }

  function imageLines(item) {
    const count = `${item.count} ${item.count === 1 ? "error" : "errors"}`;
    return [Data.facts.names[item.image].split("/").pop(), `${count}, ${costText(item.cost)}`];
  }

  function boxLines(item) {
    const isMissed = errors.kinds[item.at] === Data.MISSED;
    const score = isMissed ? "" : ` ${errors.scores[item.at].toFixed(2)}`;
    const name = Data.facts.classes[errors.labels[item.at]];
    return [`${name}${score}`, `${Data.facts.kindTexts[errors.kinds[item.at]]}, ${costText(item.cost)}`];
  }

  /* A cost in AP points: hundredths of mAP50. */
  function costText(cost) {
    const points = cost * 100;
    if (points < 0.00005) return "\u2248 0 AP points";
    return `${points < 0.01 ? points.toFixed(4) : points.toFixed(2)} AP points`;
  }

  /* Draw a card's picture once its boxes are there, unless it is out of sight by then. */
  async function fillIn(card, item) {
    const wanted = state;
    const here = await Data.boxesOf(state.model, item.image);
    if (!card.isConnected || wanted !== state) return;
    const svg = card.querySelector("svg") ?? placed(card, item, here);
    Data.overlay(svg, here, state, item.box, false);
  }

  function placed(card, item, here) {
    const bbox = Data.boxNamed(here, item.box);
    const svg = Data.picture(item.image, !bbox || !isSmall(bbox, item.image));
    card.prepend(svg);
    if (bbox) Picture.show(svg, Picture.around(svg, bbox, 0.5, 64));
    return svg;
  }

  /* Whether a box is so small that the small picture would show blocks. */
  function isSmall([x1, y1, x2, y2], image) {
    return Math.max(x2 - x1, y2 - y1) / Math.max(...Data.facts.sizes[image]) < 0.25;
  }

  /* Bring a card into sight and give it the focus. */
  function focus(position) {
    const above = Math.floor(position / layout.columns) * layout.row;
    const top = root.getBoundingClientRect().top + scrollY + above;
    const controls = document.getElementById("controls").getBoundingClientRect().bottom;
    const low = Math.max(controls, 0) + GAP;
    if (top - scrollY < low) scrollTo(0, top - low);
    else if (top + layout.row - scrollY > innerHeight) scrollTo(0, top + layout.row - innerHeight);
    fill();
    cards.get(nameOf(items[position]))?.focus({ preventScroll: true });
  }

  const columns = () => layout.columns;
  let lastWidth = 0;
  new ResizeObserver(() => {
    if (!state || root.clientWidth === lastWidth || !root.offsetParent) return;
    lastWidth = root.clientWidth;
    measure();
    fill();
  }).observe(root);
  let waiting = 0;
  const later = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(fill); };
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later);

  return { show, fill, focus, columns, costText };
})();

"use strict";
/* Pictures with boxes, for the gallery and the suspects: SVG over the image, in its own pixels. */

const Picture = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function element(name, attributes, parent) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (parent) parent.append(node);
    return node;
  }

  /* An image of width x height with nothing on it yet; without `href` an empty ground. */
  function make(width, height, href, title) {
    const svg = element("svg", { class: "picture", role: "img", "aria-label": title });
    element("rect", { class: "ground", x: 0, y: 0, width, height }, svg);
    if (href) element("image", { href, x: 0, y: 0, width, height }, svg);
    element("g", { class: "texts" }, svg);
    show(svg, [0, 0, width, height]);
    return svg;
  }

  /* Show the part x1, y1, x2, y2 of the picture. */
  function show(svg, [x1, y1, x2, y2]) {
    svg.setAttribute("viewBox", `${x1} ${y1} ${x2 - x1} ${y2 - y1}`);
    size(svg);
  }

  /* Keep labels as large on the screen whatever part is shown. */
  function size(svg) {
    const view = svg.viewBox.baseVal;
    const { clientWidth, clientHeight } = svg;
    if (!clientWidth || !clientHeight) return;
    const unit = Math.max(view.width / clientWidth, view.height / clientHeight);
    svg.style.setProperty("--unit", unit);
  }

  /* The square around a box, `margin` times its size wider on each side, at least `least` wide;
     moved into the picture as far as it fits. */
  function around(svg, [x1, y1, x2, y2], margin, least) {
    const ground = svg.querySelector(".ground");
    const [width, height] = ["width", "height"].map((key) => Number(ground.getAttribute(key)));
    const wanted = Math.max(Math.max(x2 - x1, y2 - y1) * (1 + 2 * margin), least);
    const side = Math.min(wanted, Math.max(width, height));
    const from = (low, high, length) => {
      const start = (low + high - side) / 2;
      const room = length - side;
      return room > 0 ? Math.min(Math.max(start, 0), room) : room / 2;
    };
    const x = from(x1, x2, width);
    const y = from(y1, y2, height);
    return [x, y, x + side, y + side];
  }

  /* Draw boxes, and take away what was drawn before and is not among them. Each has a bbox, a
     style (truth, hit, seen, error or missed), a text or none, classes or none, and a name. */
  function draw(svg, boxes) {
    const before = drawn.get(svg) ?? new Map();
    const now = new Map();
    for (const box of boxes) {
      const key = [box.name, box.style, box.text ?? "", ...(box.classes ?? [])].join("|");
      now.set(key, before.get(key) ?? one(svg, box));
      before.delete(key);
    }
    for (const parts of before.values()) parts.forEach((node) => node.remove());
    drawn.set(svg, now);
  }

  const drawn = new WeakMap();

  function one(svg, { name, bbox, style, text, classes = [] }) {
    const [x, y, x2, y2] = bbox;
    const place = { x, y, width: Math.max(x2 - x, 0), height: Math.max(y2 - y, 0) };
    const group = element("g", { class: ["box", ...classes].join(" ") });
    Object.assign(group.dataset, { style, name });
    element("rect", { class: "halo", ...place }, group);
    element("rect", { class: `line ${style}`, ...place }, group);
    // Labels lie above all lines.
    const texts = svg.querySelector("g.texts");
    svg.insertBefore(group, texts);
    return text ? [group, label(texts, bbox, style, text, classes)] : [group];
  }

  /* What is annotated is named above its lower edge, what is detected below its upper one. */
  function label(texts, [x, y, , y2], style, text, classes) {
    const annotated = style === "truth" || style === "missed";
    const place = { x, y: annotated ? y2 : y, dx: "0.25em", dy: annotated ? "-0.4em" : "1.05em" };
    const node = element("text", { class: [style, ...classes].join(" "), ...place }, texts);
    node.textContent = text;
    return node;
  }

  return { make, show, size, around, draw };
})();

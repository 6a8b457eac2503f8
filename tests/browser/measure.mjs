// Runs inside a page, and says what of its looks is not right. Everything here is a number of the
// browser's own: where boxes are, and what colours they came out in.

export function measure(scheme) {
  const found = [];
  const root = document.documentElement;
  const width = root.clientWidth;

  if (root.scrollWidth > width) {
    const scrolls = part => part && (getComputedStyle(part).overflowX === 'auto' || scrolls(part.parentElement));
    const wide = [...document.querySelectorAll('body *')].filter(part =>
      part.getBoundingClientRect().right > width + 1 && !scrolls(part));
    const names = wide.slice(0, 3).map(part => `${part.tagName}#${part.closest('[id]')?.id}`);
    found.push(`${root.scrollWidth} wide in ${width}: ${names.join(' ')}`);
  }

  const luminance = colour => {
    const channels = colour.match(/[\d.]+/g).slice(0, 3).map(part => part / 255);
    const [red, green, blue] = channels.map(part =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  if ((ground < 0.5) !== (scheme === 'dark')) found.push(`the ground is not ${scheme}`);
  const contrast = colour => {
    const [low, high] = [ground, luminance(colour)].sort((one, other) => one - other);
    return (high + 0.05) / (low + 0.05);
  };

  for (const svg of document.querySelectorAll('svg')) {
    const name = svg.querySelector('title')?.textContent ?? 'a drawing without a title';
    const edge = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(text => ({
      words: text.textContent.trim(),
      box: text.getBoundingClientRect(),
      colour: getComputedStyle(text).fill,
    }));
    for (const { words, box, colour } of texts) {
      if (box.left < edge.left - 1 || box.right > edge.right + 1 ||
          box.top < edge.top - 1 || box.bottom > edge.bottom + 1)
        found.push(`${name}: "${words}" leaves the drawing`);
      if (contrast(colour) < 4.5) found.push(`${name}: "${words}" is too faint`);
    }
    texts.forEach((one, index) => texts.slice(index + 1).forEach(other => {
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      // Boxes include the room for accents and descenders, which may touch.
      if (across > 0.5 && down > 2) found.push(`${name}: "${one.words}" overlaps "${other.words}"`);
    }));
    const table = svg.closest('figure')?.querySelector('table');
    if (!table) found.push(`${name}: no table of its figures`);
    else if (!table.checkVisibility()) found.push(`${name}: its figures are not shown`);
  }
  return found;
}

/* Players of a report, and what its charts (vega.js) need: values at the pointer and by keys. Nothing is loaded; the data stands in the page.
   T frames, M persons, V keypoints. Stage coordinates: y up, the floor at y = 0, the person at x = z = 0. */
(function () {
  'use strict';

  // --- What needs no page --------------------------------------------------------------------------------------------------------------

  const MISSING = -32768;

  function bytes(text) {
    const binary = atob(text), out = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
    return new DataView(out.buffer);
  }

  /* Stage coordinates of an encoded clip as one array (T, M, V, 3), NaN where there are none. */
  function decodeClip(clip) {
    const view = bytes(clip.data), out = new Float32Array(view.byteLength / 2);
    for (let i = 0; i < out.length; i++) {
      const whole = view.getInt16(2 * i, true);
      out[i] = whole === MISSING ? NaN : whole * clip.scale;
    }
    return out;
  }

  /* x and z of the stage's origin in each frame, (T, 2). */
  function decodePath(clip) {
    const view = bytes(clip.path), out = new Float32Array(view.byteLength / 4);
    for (let i = 0; i < out.length; i++) out[i] = view.getFloat32(4 * i, true);
    return out;
  }

  /* Rows of an orthographic camera: the picture's right, its up, towards the viewer. Degrees; azimuth 0 looks at the front from +z. */
  function cameraAxes(azimuth, elevation) {
    const a = azimuth * Math.PI / 180, e = elevation * Math.PI / 180;
    const toward = [Math.sin(a) * Math.cos(e), Math.sin(e), Math.cos(a) * Math.cos(e)];
    const right = [Math.cos(a), 0, -Math.sin(a)];
    const up = [toward[1] * right[2] - toward[2] * right[1], toward[2] * right[0] - toward[0] * right[2],
      toward[0] * right[1] - toward[1] * right[0]];
    return [right, up, toward];
  }

  function along(axis, x, y, z) { return axis[0] * x + axis[1] * y + axis[2] * z; }

  /* Frame shown at a time in seconds; a clip that is over holds its last one. */
  function frameAt(time, fps, count) { return Math.max(0, Math.min(count - 1, Math.floor(time * fps + 1e-6))); }

  /* Seconds from the first to the end of the last frame of the longest clip. */
  function duration(clips, fps) { return Math.max(1, ...clips.map(clip => clip.shape[0])) / fps; }

  /* Index of the value nearest to x in ascending values. */
  function nearest(values, x) {
    let low = 0, high = values.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (values[middle] < x) low = middle; else high = middle;
    }
    return Math.abs(values[low] - x) <= Math.abs(values[high] - x) ? low : high;
  }

  function quantile(values, q) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] : 1;
  }

  /* Pixels a unit and the floor's row at which nearly all clips fit a square tile. */
  function fit(clips, size, zoom) {
    const radius = quantile(clips.map(c => c.radius), 0.9), high = quantile(clips.map(c => c.high), 0.9);
    const low = quantile(clips.map(c => c.low), 0.1), inner = 0.9 * size;
    const scale = zoom * Math.min(inner / (2 * radius), inner / (high - low + 0.25 * radius));
    return {scale: scale, ground: size / 2 + scale * (high + low) / 2};
  }

  function valueText(value, percent) {
    if (percent) return (100 * value).toFixed(1) + ' %';
    const size = Math.abs(value);
    return size && (size < 1e-3 || size >= 1e6) ? value.toExponential(3) : String(+value.toPrecision(5));
  }

  const logic = {decodeClip, decodePath, cameraAxes, along, frameAt, duration, nearest, quantile, fit, valueText};
  if (typeof module !== 'undefined' && module.exports) { module.exports = logic; return; }

  // --- Page --------------------------------------------------------------------------------------------------------------------------------

  const data = JSON.parse(document.getElementById('report-data').textContent);
  const root = document.documentElement, tip = document.getElementById('tip');
  const redraws = [];

  function element(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const key in attributes || {}) node.setAttribute(key, attributes[key]);
    node.append(...children);
    return node;
  }

  function showTip(text, x, y) {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 4)) + 'px';
    tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18) + 'px';
  }

  function hideTip() { tip.hidden = true; }

  document.addEventListener('pointermove', event => {
    const target = event.target.closest && event.target.closest('[data-tip]');
    if (target) showTip(target.dataset.tip, event.clientX, event.clientY);
    else if (!event.target.closest || !event.target.closest('[data-chart]')) hideTip();
  });
  document.addEventListener('scroll', hideTip, {passive: true});

  // --- Theme -------------------------------------------------------------------------------------------------------------------------------

  const systemDark = matchMedia('(prefers-color-scheme: dark)'), themeButton = document.getElementById('theme');

  function isDark() { return root.dataset.theme ? root.dataset.theme === 'dark' : systemDark.matches; }

  function themed() {
    themeButton.textContent = isDark() ? 'Light' : 'Dark';
    redraws.forEach(redraw => redraw());
  }

  function remembered(value) {
    try {
      if (value === undefined) return localStorage.getItem('mmagenc-report-theme');
      localStorage.setItem('mmagenc-report-theme', value);
    } catch (error) { /* a file opened without storage */ }
    return null;
  }

  if (/^(dark|light)$/.test(remembered() || '')) root.dataset.theme = remembered();
  themeButton.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    remembered(root.dataset.theme);
    themed();
  });
  systemDark.addEventListener('change', themed);
  matchMedia('print').addEventListener('change', () => redraws.forEach(redraw => redraw()));  // a dark page prints light

  function style(name) { return getComputedStyle(root).getPropertyValue(name).trim(); }

  function sideColor(side) {
    const lift = parseFloat(style('--lift')) * (side === 'm' ? 1.6 : 1);
    return style('--side-' + side).split(',').map(v => Math.round(+v + lift * (255 - v)));
  }

  function hexColor(name) {
    const hex = style(name).replace('#', '');
    return [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16));
  }

  // --- Players ---------------------------------------------------------------------------------------------------------------------------

  const GROUPS = {real: 'real', generated: 'generated', selected: 'accepted'};

  class Tile {
    constructor(player, clip) {
      this.player = player;
      this.clip = clip;
      this.points = decodeClip(clip);
      this.path = decodePath(clip);
      this.skeleton = player.motion.skeletons[clip.skeleton];
      const score = clip.score === null ? '' : ', confidence ' + valueText(clip.score, true);
      const label = player.name(clip.label) + ', ' + GROUPS[clip.group] + ': ' + clip.name + score;
      this.canvas = element('canvas', {role: 'img', 'aria-label': label, title: label});
      this.visible = true;
      this.node = element('figure', {}, this.canvas, element('figcaption', {}, clip.name));
    }

    draw(time) {
      if (!this.visible || !this.canvas.clientWidth) return;
      const size = this.canvas.clientWidth, ratio = Math.min(devicePixelRatio || 1, 2), player = this.player;
      if (this.canvas.width !== Math.round(size * ratio)) this.canvas.width = this.canvas.height = Math.round(size * ratio);
      const pen = this.canvas.getContext('2d');
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, size, size);
      const frame = frameAt(time, player.motion.fps, this.clip.shape[0]), flat = this.clip.flat, floor = player.motion.floor && !flat;
      const axes = flat ? cameraAxes(0, 0) : cameraAxes(player.azimuth, player.elevation);
      const view = Object.assign({axes: axes, size: size}, fit(player.fitted(this.clip), size, player.zoom));
      if (floor) this.drawFloor(pen, view, frame);
      const [, persons, joints] = this.clip.shape;
      const shadows = [], items = [];
      for (let person = 0; person < persons; person++) this.collect((frame * persons + person) * joints, view, items, shadows);
      if (floor) this.drawShadows(pen, shadows, view);
      items.sort((a, b) => a.depth - b.depth || a.kind - b.kind);
      const unit = size / 160;
      items.forEach(item => this.drawItem(pen, item, unit));
    }

    place(view, x, y, z) {
      return [view.size / 2 + view.scale * along(view.axes[0], x, y, z), view.ground - view.scale * along(view.axes[1], x, y, z)];
    }

    drawFloor(pen, view, frame) {
      const half = 0.49 * view.size / view.scale / (Math.abs(view.axes[0][0]) + Math.abs(view.axes[0][2])), spacing = half / 2.5;
      const polygon = points => { pen.beginPath(); points.forEach(p => pen.lineTo(p[0], p[1])); };
      polygon([[-half, -half], [half, -half], [half, half], [-half, half]].map(c => this.place(view, c[0], 0, c[1])));
      pen.fillStyle = player_style.floor;
      pen.fill();
      pen.strokeStyle = player_style.line;
      pen.lineWidth = 1;
      for (const axis of [0, 1]) {
        const origin = this.path[2 * frame + axis];
        for (let at = Math.ceil((origin - half) / spacing) * spacing - origin; at < half; at += spacing) {
          polygon([-half, half].map(end => axis ? this.place(view, end, 0, at) : this.place(view, at, 0, end)));
          pen.stroke();
        }
      }
    }

    collect(start, view, items, shadows) {
      const points = this.points, seen = [], places = [], depths = [];
      for (let joint = 0; joint < this.clip.shape[2]; joint++) {
        const at = 3 * (start + joint), x = points[at], y = points[at + 1], z = points[at + 2];
        seen.push(!Number.isNaN(x));
        places.push(this.place(view, x, y, z));
        depths.push(along(view.axes[2], x, y, z));
      }
      const nearestBone = depths.slice();
      for (const [joint, parent] of this.skeleton.edges) {
        if (!seen[joint] || !seen[parent]) continue;
        const depth = (depths[joint] + depths[parent]) / 2;
        nearestBone[joint] = Math.max(nearestBone[joint], depth);
        nearestBone[parent] = Math.max(nearestBone[parent], depth);
        items.push({kind: 0, depth: depth, from: places[joint], to: places[parent], side: this.skeleton.sides[joint]});
        const ends = [joint, parent].map(j => this.place(view, points[3 * (start + j)], 0, points[3 * (start + j) + 2]));
        shadows.push(ends);
      }
      for (let joint = 0; joint < seen.length; joint++) {
        if (!seen[joint]) continue;
        const head = joint === this.skeleton.head;
        items.push({kind: 1, depth: nearestBone[joint], from: places[joint], side: this.skeleton.sides[joint], head: head});
      }
      this.reach = this.clip.radius || 1;
    }

    drawShadows(pen, shadows, view) {
      pen.strokeStyle = player_style.shadow;
      pen.lineWidth = view.size / 45;
      pen.lineCap = 'round';
      for (const [from, to] of shadows) { pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke(); }
    }

    drawItem(pen, item, unit) {
      const far = this.clip.flat ? 0 : Math.max(0, Math.min(1, (this.reach - item.depth) / (2 * this.reach)));
      const base = player_style[item.side], back = player_style.back;
      const color = 'rgb(' + base.map((v, i) => Math.round(v * (item.kind ? 0.92 : 1) + 0.4 * far * (back[i] - v))).join(',') + ')';
      if (item.kind) {
        pen.fillStyle = color;
        pen.beginPath();
        pen.arc(item.from[0], item.from[1], (item.head ? 5.4 : 2.5) * unit, 0, 2 * Math.PI);
        pen.fill();
        return;
      }
      pen.lineCap = 'round';
      for (const [width, shade] of [[5.6, 'rgb(' + back.join(',') + ')'], [3.8, color]]) {
        pen.strokeStyle = shade;
        pen.lineWidth = width * unit;
        pen.beginPath();
        pen.moveTo(...item.from);
        pen.lineTo(...item.to);
        pen.stroke();
      }
    }
  }

  let player_style = {};

  function readPlayerStyle() {
    player_style = {floor: style('--floor'), line: style('--floor-line'), shadow: style('--shadow'), back: hexColor('--page'),
      l: sideColor('l'), r: sideColor('r'), m: sideColor('m')};
  }

  class Player {
    constructor(node, run) {
      this.node = node;
      this.motion = run.motion;
      this.classes = run.classes;
      this.stage = node.querySelector('.stage');
      this.slider = node.querySelector('.scrub input');
      this.time = 0;
      this.speed = 1;
      this.playing = false;
      this.watch = new IntersectionObserver(entries => entries.forEach(entry => {
        const tile = this.tiles.find(each => each.canvas === entry.target);
        if (tile) { tile.visible = entry.isIntersecting; tile.draw(this.time); }
      }), {rootMargin: '80px'});
      this.reset();
      this.listen();
      this.show('all');
    }

    name(label) { return this.classes[label] === undefined ? String(label) : this.classes[label]; }

    /* The clips that share a scale: those shown, pixels and metres apart. */
    fitted(clip) { return this.shown.filter(other => other.flat === clip.flat); }

    reset() { this.azimuth = this.motion.azimuth; this.elevation = this.motion.floor ? 18 : 0; this.zoom = 1; }

    show(choice) {
      const all = choice === 'all', labels = all ? [...new Set(this.motion.clips.map(clip => clip.label))].sort((a, b) => a - b) : [+choice];
      this.watch.disconnect();
      this.tiles = [];
      const overview = all && labels.length > 1;
      this.stage.className = overview ? 'stage overview' : 'stage';
      const most = Math.max(...labels.map(label => this.motion.clips.filter(clip => clip.label === label).length));
      const narrow = this.stage.clientWidth < 520, wide = overview ? 168 : most <= 3 ? 260 : 190;
      const size = Math.round(narrow ? Math.min(wide, (this.stage.clientWidth - 16) / (overview ? 3 : 2) - 4) : wide);
      this.stage.style.setProperty('--size', size + 'px');
      this.stage.replaceChildren(...labels.map(label => this.row(label, overview)));
      this.shown = this.tiles.map(tile => tile.clip);
      this.length = duration(this.shown, this.motion.fps);
      this.time = Math.min(this.time, this.length);
      this.tiles.forEach(tile => this.watch.observe(tile.canvas));
      this.draw();
    }

    row(label, one) {
      const groups = Object.keys(GROUPS).map(group => {
        const clips = this.motion.clips.filter(clip => clip.group === group && clip.label === label).slice(0, one ? 1 : undefined);
        if (!clips.length) return '';
        const tiles = clips.map(clip => new Tile(this, clip));
        this.tiles.push(...tiles);
        return element('div', {class: 'group'}, element('p', {}, GROUPS[group]), element('div', {class: 'tiles'}, ...tiles.map(t => t.node)));
      });
      return element('div', {class: 'row'}, element('h4', {}, this.name(label)), element('div', {class: 'groups'}, ...groups));
    }

    draw() {
      this.tiles.forEach(tile => tile.draw(this.time));
      this.slider.value = Math.round(1000 * this.time / this.length);
      const text = this.time.toFixed(2) + ' of ' + this.length.toFixed(2) + ' s';
      this.slider.setAttribute('aria-valuetext', text);
      this.node.querySelector('.time').textContent = text;
    }

    play(on) {
      this.playing = on;
      const button = this.node.querySelector('.play');
      button.textContent = on ? '❚❚ Pause' : '▶ Play';
      if (!on) return;
      let before = null;
      const step = now => {
        if (!this.playing) return;
        if (before !== null) this.time = (this.time + this.speed * Math.min(now - before, 250) / 1000) % this.length;
        before = now;
        this.draw();
        requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    }

    turn(azimuth, elevation) {
      this.azimuth = (this.azimuth + azimuth) % 360;
      this.elevation = Math.max(-5, Math.min(89, this.elevation + elevation));
      this.draw();
    }

    enlarge(factor) { this.zoom = Math.max(0.4, Math.min(5, this.zoom * factor)); this.draw(); }

    listen() {
      const on = (selector, event, action) => this.node.querySelector(selector).addEventListener(event, action);
      on('.play', 'click', () => this.play(!this.playing));
      on('.scrub input', 'input', event => { this.play(false); this.time = this.length * event.target.value / 1000 * 0.99999; this.draw(); });
      on('.speed', 'change', event => { this.speed = +event.target.value; });
      on('.class', 'change', event => this.show(event.target.value));
      on('.in', 'click', () => this.enlarge(1.25));
      on('.out', 'click', () => this.enlarge(0.8));
      on('.reset', 'click', () => { this.reset(); this.draw(); });
      this.listenToStage();
      let width = this.stage.clientWidth;
      addEventListener('resize', () => {
        if (this.stage.clientWidth !== width) { width = this.stage.clientWidth; this.show(this.node.querySelector('.class').value); }
      });
    }

    listenToStage() {
      let held = null;
      this.stage.addEventListener('pointerdown', event => {
        if (event.target.tagName !== 'CANVAS') return;
        held = {x: event.clientX, y: event.clientY};
        event.target.setPointerCapture(event.pointerId);
      });
      this.stage.addEventListener('pointermove', event => {
        if (!held) return;
        this.turn((held.x - event.clientX) * 0.6, (event.clientY - held.y) * 0.4);
        held = {x: event.clientX, y: event.clientY};
      });
      for (const end of ['pointerup', 'pointercancel']) this.stage.addEventListener(end, () => { held = null; });
      const keys = {ArrowLeft: () => this.turn(8, 0), ArrowRight: () => this.turn(-8, 0), ArrowUp: () => this.turn(0, 5),
        ArrowDown: () => this.turn(0, -5), '+': () => this.enlarge(1.15), '=': () => this.enlarge(1.15), '-': () => this.enlarge(1 / 1.15),
        ' ': () => this.play(!this.playing)};
      this.stage.addEventListener('keydown', event => {
        if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
      });
    }
  }

  // --- Charts ----------------------------------------------------------------------------------------------------------------------------

  /* A chart of the page's data, drawn by Vega-Lite without eval; its colours are the style sheet's variables. */
  function drawChart(node) {
    const chart = data.charts[+node.dataset.chart], inner = element('div', {'aria-hidden': 'true'});  // Vega names its container
    node.append(inner);
    const view = new vega.View(vega.parse(vegaLite.compile(chart.spec).spec, null, {ast: true}), {
      renderer: 'svg', container: inner, hover: true, expr: vegaInterpreter.expressionInterpreter,
      tooltip: (handler, event, item, text) => { if (text) showTip(String(text), event.clientX, event.clientY); else hideTip(); }});
    view.runAsync();
    if (chart.lines.length) watchLines(node, view, chart);
    return view;
  }

  /* Values of lines at the pointer, and by arrow keys. */
  function watchLines(node, view, chart) {
    const longest = chart.lines.reduce((a, b) => (a.x.length >= b.x.length ? a : b));
    let index = longest.x.length - 1;
    const show = (clientX, clientY) => {
      const x = longest.x[index];
      view.signal('cursor', view.scale('x')(x)).runAsync();
      const lines = chart.lines.map(each => {
        const at = nearest(each.x, x);
        return (chart.lines.length > 1 ? each.name + ' at ' + each.x[at] + ': ' : '') + valueText(each.y[at], chart.percent);
      });
      showTip(chart.unit + ' ' + +x.toFixed(3) + '\n' + lines.join('\n'), clientX, clientY);
    };
    const away = () => { view.signal('cursor', -1).runAsync(); hideTip(); };
    node.addEventListener('pointermove', event => {
      const place = event.clientX - node.getBoundingClientRect().left - view.origin()[0];
      index = nearest(longest.x, view.scale('x').invert(place));
      show(event.clientX, event.clientY);
    });
    node.addEventListener('pointerleave', away);
    node.addEventListener('blur', away);
    node.addEventListener('keydown', event => {
      const step = {ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9}[event.key];
      if (event.key === 'Escape') away();
      if (!step) return;
      event.preventDefault();
      index = Math.max(0, Math.min(longest.x.length - 1, index + step));
      const box = node.getBoundingClientRect();
      show(box.left + view.origin()[0] + view.scale('x')(longest.x[index]), box.top + 10);
    });
  }

  /* The plane of clips is as high as it is wide; its controls are the page's own. */
  function watchEmbedding(node, view) {
    const plot = node.querySelector('.plot'), boxes = [...node.querySelectorAll('input')], choice = node.querySelector('select');
    const update = () => view.signal('shown', boxes.filter(box => box.checked).map(box => box.value)).signal('label', +choice.value).runAsync();
    const square = () => view.height(Math.min(560, plot.clientWidth - 10)).runAsync();
    [...boxes, choice].forEach(control => control.addEventListener('change', update));
    addEventListener('resize', square);
    square();
  }

  // --- Start -----------------------------------------------------------------------------------------------------------------------------

  readPlayerStyle();
  redraws.push(readPlayerStyle);
  const players = [];
  document.querySelectorAll('.players').forEach(node => players.push(new Player(node, data.runs[+node.dataset.run])));
  players.forEach(player => redraws.push(() => player.draw()));
  document.querySelectorAll('.plot').forEach(node => {
    const view = drawChart(node), plane = node.closest('.embedding');
    if (plane) watchEmbedding(plane, view);
  });
  document.querySelectorAll('.scroll').forEach(node => { if (node.scrollWidth <= node.clientWidth) node.removeAttribute('tabindex'); });
  themed();
})();

'use strict';

const crypto = require('crypto');
const express = require('express');
const session = require('express-session');
const morgan = require('morgan');
const cors = require('cors');
const axios = require('axios');
const store = require('./store');

const app = express();

app.use(morgan('tiny'));
app.use(cors({ origin: 'https://tools.example.com' }));
app.use(express.json({ verify: (req, _res, buf) => { req.rawBody = buf; } }));
app.use(session({
  secret: process.env.SESSION_SECRET,
  resave: false,
  saveUninitialized: false,
}));

// ---------------------------------------------------------------- helpers

function memberOnly(req, res, next) {
  if (!req.session.memberId) {
    return res.status(401).json({ error: 'please sign in' });
  }
  next();
}

function stewardOnly(req, res, next) {
  const m = store.members.get(req.session.memberId);
  if (!m || !m.steward) return res.sendStatus(403);
  next();
}

const stewards = [memberOnly, stewardOnly];

function cacheFor(seconds) {
  return (req, res, next) => {
    res.set('Cache-Control', `public, max-age=${seconds}`);
    next();
  };
}

// Adds the signed-in member when there is one; visitors are fine too.
function loadMember(req, res, next) {
  req.member = store.members.get(req.session.memberId) || null;
  next();
}

// ---------------------------------------------------------------- public

app.get('/', (req, res) => res.send('<h1>Tool library</h1>'));
app.get('/healthz', (req, res) => res.json({ ok: true }));

app.post('/session', (req, res) => {
  const m = [...store.members.values()].find((x) => x.card === req.body.card);
  if (!m) return res.status(401).json({ error: 'unknown card' });
  req.session.memberId = m.id;
  res.status(201).json({ id: m.id });
});

app.delete('/session', memberOnly, (req, res) => {
  req.session.destroy(() => res.sendStatus(204));
});

app.get('/tools', cacheFor(60), loadMember, (req, res) => {
  res.json([...store.tools.values()]);
});

app.get('/tools/:id(\\d+)', (req, res) => {
  const tool = store.tools.get(Number(req.params.id));
  if (!tool) return res.sendStatus(404);
  res.json(tool);
});

app.get('/stats', cacheFor(300), (req, res) => {
  res.json({ tools: store.tools.size, loans: store.loans.length });
});

// Used by the kiosk to see what it sends.
app.all('/echo', (req, res) => res.json({ method: req.method, body: req.body }));

// ---------------------------------------------------------------- catalogue

app.post('/tools', stewards, (req, res) => {
  res.status(201).json(store.addTool(req.body));
});

app.route('/tools/:id')
  .put(stewards, (req, res) => {
    store.tools.set(Number(req.params.id), req.body);
    res.json(req.body);
  })
  .delete(stewards, (req, res) => {
    store.tools.delete(Number(req.params.id));
    res.sendStatus(204);
  });

app.route('/tools/:id/loans')
  .get((req, res) => {
    res.json(store.loans.filter((l) => l.toolId === Number(req.params.id)));
  })
  .post(memberOnly, (req, res) => {
    const loan = { toolId: Number(req.params.id), memberId: req.session.memberId, at: Date.now() };
    store.loans.push(loan);
    res.status(201).json(loan);
  });

// app.get('/tools/:id/history', (req, res) => res.json([]));

app.get('/reports/:year/:month?', memberOnly, stewardOnly, (req, res) => {
  res.json({ year: req.params.year, month: req.params.month || 'all' });
});

// ---------------------------------------------------------------- own pages

app.use('/me', memberOnly);

app.get('/me', (req, res) => res.json(store.members.get(req.session.memberId)));

app.patch('/me', (req, res) => {
  const m = store.members.get(req.session.memberId);
  Object.assign(m, { phone: req.body.phone });
  res.json(m);
});

app.get('/me/loans', (req, res) => res.json(store.loansOf(req.session.memberId)));

app.get('/me/weather', async (req, res, next) => {
  try {
    const { data } = await axios.get('https://weather.example.com/v1/now');
    res.json(data);
  } catch (err) {
    next(err);
  }
});

// ---------------------------------------------------------------- hooks

app.post('/hooks/payments', (req, res) => {
  const mac = crypto.createHmac('sha256', process.env.HOOK_KEY).update(req.rawBody).digest('hex');
  const given = String(req.get('x-signature') || '');
  if (given.length !== mac.length || !crypto.timingSafeEqual(Buffer.from(given), Buffer.from(mac))) {
    return res.sendStatus(400);
  }
  res.sendStatus(204);
});

app.use((req, res) => res.status(404).json({ error: 'not found' }));

app.use((err, req, res, next) => { // eslint-disable-line no-unused-vars
  console.error(err);
  res.status(500).json({ error: 'oops' });
});

module.exports = app;

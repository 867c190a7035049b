import { Router } from 'express';
import { authorStats } from '../middleware/requestLog';
import { needsRole } from '../middleware/gate';
import { wrap } from '../lib/wrap';
import { labClient } from '../lib/labClient';

export const patientsRouter = Router();

patientsRouter.get('/', wrap(async (_req, res) => res.json([])));
patientsRouter.post('/', needsRole('desk'), wrap(async (req, res) => res.status(201).json(req.body)));
patientsRouter.get('/:patientId', wrap(async (req, res) => res.json({ id: req.params.patientId })));
patientsRouter.patch('/:patientId', needsRole('desk', 'doctor'), wrap(async (req, res) => res.json(req.body)));

const notes = Router({ mergeParams: true });
notes.use(authorStats);
notes.get('/', wrap(async (_req, res) => res.json([])));
notes.post('/', needsRole('doctor'), wrap(async (req, res) => res.status(201).json(req.body)));
notes.get('/:noteId', wrap(async (req, res) => res.json({ id: req.params.noteId })));

patientsRouter.use('/:patientId/notes', notes);

patientsRouter.get(
  '/:patientId/labs/:orderId',
  wrap(async (req, res) => res.json(await labClient.results(req.params.orderId))),
);

import { Router } from 'express';
import { gate, needsRole } from '../middleware/gate';
import { wrap } from '../lib/wrap';

const router = Router();

router.get('/', wrap(async (_req, res) => res.json([])));
router.get('/:day(\\d{4}-\\d{2}-\\d{2})', wrap(async (req, res) => res.json({ day: req.params.day })));

router
  .route('/:slotId/booking')
  .post(wrap(async (req, res) => res.status(201).json({ slot: req.params.slotId })))
  .delete(gate, wrap(async (_req, res) => res.sendStatus(204)));

router.put('/:slotId', gate, needsRole('desk', 'manager'), wrap(async (req, res) => res.json(req.body)));

export default router;

import { Router } from 'express';
import { needsRole } from '../middleware/gate';
import { wrap } from '../lib/wrap';

export const managerRouter = Router();

managerRouter.use(needsRole('manager'));

managerRouter.get('/staff', wrap(async (_req, res) => res.json([])));
managerRouter.post('/staff', wrap(async (req, res) => res.status(201).json(req.body)));
managerRouter.delete('/staff/:staffId', wrap(async (_req, res) => res.sendStatus(204)));
managerRouter.get('/reports/monthly', wrap(async (_req, res) => res.json({})));

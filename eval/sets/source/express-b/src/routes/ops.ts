import { Router } from 'express';

export const opsRouter = Router();

opsRouter.get('/live', (_req, res) => res.sendStatus(200));
opsRouter.get('/ready', (_req, res) => res.sendStatus(200));

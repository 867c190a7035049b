import { Router } from 'express';
import { gate } from '../middleware/gate';
import { sessions } from './sessions';
import { patientsRouter } from './patients';
import slots from './slots';
import { managerRouter } from './manager';

export const apiRouter = Router();

// open
apiRouter.use('/sessions', sessions);
apiRouter.use('/slots', slots);
apiRouter.get('/version', (_req, res) => {
  res.json({ version: '4.0.1' });
});

// everything below needs a staff token
apiRouter.use(gate);

apiRouter.use('/patients', patientsRouter);
apiRouter.use('/manager', managerRouter);
apiRouter.get('/whoami', (req, res) => {
  res.json(req.staff);
});

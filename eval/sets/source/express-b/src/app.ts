import express, { Express } from 'express';
import helmet from 'helmet';
import compression from 'compression';
import rateLimit from 'express-rate-limit';
import { API_PREFIX } from './config';
import { requestLog } from './middleware/requestLog';
import { errorHandler } from './middleware/errors';
import { apiRouter } from './routes';
import { opsRouter } from './routes/ops';

export function createApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet());
  app.use(compression());
  app.use(express.json());
  app.use(rateLimit({ windowMs: 60_000, max: 300 }));
  app.use(requestLog);

  app.use('/ops', opsRouter);
  app.use(API_PREFIX, apiRouter);

  app.use(errorHandler);
  return app;
}

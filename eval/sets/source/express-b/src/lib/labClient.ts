import axios from 'axios';
import { config } from '../config';

const http = axios.create({ baseURL: config.labBaseUrl });

export const labClient = {
  results: (id: string) => http.get(`/orders/${id}/results`).then((r) => r.data),
  order: (body: unknown) => http.post('/orders', body).then((r) => r.data),
  cancel: (id: string) => http.delete('/orders/' + id),
};

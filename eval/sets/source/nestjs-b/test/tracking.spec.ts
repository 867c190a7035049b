import axios from 'axios';

describe('tracking (against a running instance)', () => {
  const api = axios.create({ baseURL: 'http://localhost:8080/api/v1', validateStatus: () => true });

  it('is open', async () => {
    expect((await api.get('/track/ABC')).status).toBe(200);
    expect((await api.get('/shipments')).status).toBe(401);
  });
});

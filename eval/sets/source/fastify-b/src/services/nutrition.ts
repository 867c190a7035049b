const BASE = 'https://nutrition.example.com';

export async function lookup(name: string): Promise<unknown> {
  const res = await fetch(`${BASE}/foods/search?q=${encodeURIComponent(name)}`);
  return res.json();
}

/**
 * Small wrapper; usage: `client.get('/foods/:id')`.
 */
export const client = {
  get: (path: string) => fetch(BASE + path).then((r) => r.json()),
};

export const banana = () => client.get('/foods/banana');

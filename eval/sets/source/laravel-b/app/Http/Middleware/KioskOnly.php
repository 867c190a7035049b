<?php

namespace App\Http\Middleware;

use Closure;
use Illuminate\Http\Request;

class KioskOnly
{
    public function handle(Request $request, Closure $next)
    {
        if (! hash_equals((string) config('kiosk.key'), (string) $request->header('X-Kiosk'))) {
            abort(403, 'Kiosk only');
        }

        return $next($request);
    }
}

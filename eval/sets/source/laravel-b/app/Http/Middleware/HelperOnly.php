<?php

namespace App\Http\Middleware;

use Closure;
use Illuminate\Http\Request;

class HelperOnly
{
    public function handle(Request $request, Closure $next, string $level = 'helper')
    {
        $user = $request->user('sanctum');

        if (! $user || ! $user->hasLevel($level)) {
            return response()->json(['message' => 'Helpers only'], 403);
        }

        return $next($request);
    }
}

<?php

namespace App\Http\Controllers\Api;

use App\Http\Controllers\Controller;

class StatsController extends Controller
{
    public function __invoke()
    {
        return ['repaired' => 0, 'kilograms_saved' => 0];
    }
}

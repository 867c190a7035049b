<?php

namespace App\Http\Controllers\Api;

use App\Http\Controllers\Controller;
use Illuminate\Http\Request;

class HelperController extends Controller
{
    public function index()
    {
        return [];
    }

    public function update(Request $request)
    {
        return $request->user();
    }

    public function rota()
    {
        return [];
    }

    public function saveRota(Request $request, int $week)
    {
        return ['week' => $week];
    }
}

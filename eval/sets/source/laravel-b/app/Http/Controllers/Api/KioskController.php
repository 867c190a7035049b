<?php

namespace App\Http\Controllers\Api;

use App\Http\Controllers\Controller;
use Illuminate\Http\Request;

class KioskController extends Controller
{
    public function arrive(Request $request)
    {
        return response()->json(['number' => 1], 201);
    }

    public function queue()
    {
        return [];
    }
}

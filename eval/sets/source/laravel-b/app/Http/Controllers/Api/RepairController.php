<?php

namespace App\Http\Controllers\Api;

use App\Http\Controllers\Controller;
use Illuminate\Http\Request;

class RepairController extends Controller
{
    public function index()
    {
        return [];
    }

    public function store(Request $request)
    {
        return response()->json($request->all(), 201);
    }

    public function show(string $repair)
    {
        return ['id' => $repair];
    }

    public function update(Request $request, string $repair)
    {
        return ['id' => $repair];
    }

    public function destroy(string $repair)
    {
        return response()->noContent();
    }
}

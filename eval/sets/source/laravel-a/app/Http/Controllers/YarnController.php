<?php

namespace App\Http\Controllers;

use App\Models\Yarn;
use Illuminate\Http\Request;

class YarnController extends Controller
{
    public function index()
    {
        return Yarn::all();
    }

    public function show(Yarn $yarn)
    {
        return $yarn;
    }

    public function store(Request $request)
    {
        return Yarn::create($request->all());
    }

    public function update(Request $request, Yarn $yarn)
    {
        $yarn->update($request->all());

        return $yarn;
    }

    public function destroy(Yarn $yarn)
    {
        $yarn->delete();

        return response()->noContent();
    }
}

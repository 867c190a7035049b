<?php

namespace App\Http\Controllers;

use App\Models\Pattern;
use Illuminate\Http\Request;

class PatternController extends Controller
{
    public function index()
    {
        return view('patterns.index', ['patterns' => Pattern::paginate(20)]);
    }

    public function show(Pattern $pattern)
    {
        return view('patterns.show', compact('pattern'));
    }

    public function create()
    {
        return view('patterns.create');
    }

    public function store(Request $request)
    {
        $pattern = Pattern::create($request->only('slug', 'title', 'price'));

        return redirect('/patterns/'.$pattern->slug);
    }

    public function edit(Pattern $pattern)
    {
        return view('patterns.edit', compact('pattern'));
    }

    public function update(Request $request, Pattern $pattern)
    {
        $pattern->update($request->only('title', 'price'));

        return back();
    }

    public function destroy(Pattern $pattern)
    {
        $pattern->delete();

        return redirect('/patterns');
    }
}

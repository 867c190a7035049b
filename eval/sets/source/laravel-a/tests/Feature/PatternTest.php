<?php

namespace Tests\Feature;

use Tests\TestCase;

class PatternTest extends TestCase
{
    public function test_patterns_are_open(): void
    {
        $this->get('/patterns')->assertOk();
        $this->get('/orders')->assertRedirect('/login');
        $this->delete('/api/yarns/1/skeins')->assertNotFound();
    }
}

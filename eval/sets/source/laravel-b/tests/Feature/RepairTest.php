<?php

namespace Tests\Feature;

use Tests\TestCase;

class RepairTest extends TestCase
{
    public function test_needs_token(): void
    {
        $this->getJson('/api/v1/repairs')->assertUnauthorized();
        $this->putJson('/api/v1/repairs/1/photos')->assertNotFound();
    }
}

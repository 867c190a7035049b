using Choir.Domain;
using Microsoft.AspNetCore.Authorization;

namespace Choir.Endpoints;

public static class SingerEndpoints
{
    public static RouteGroupBuilder MapSingers(this RouteGroupBuilder group)
    {
        group.MapGet("/", () => new List<Singer>());
        group.MapGet("/{id:guid}", (Guid id) => Results.NotFound());
        group.MapPatch("/{id:guid}", (Guid id, Singer singer) => singer);
        group.MapGet("/me/attendance", () => Results.Ok());

        // people who want to join
        group.MapPost("/auditions", (string name) => Results.Accepted()).AllowAnonymous();
        group.MapGet("/auditions/dates", [AllowAnonymous] () => Array.Empty<DateOnly>());

        return group;
    }
}

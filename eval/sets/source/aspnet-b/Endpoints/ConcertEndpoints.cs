using Choir.Domain;
using Choir.Security;

namespace Choir.Endpoints;

public static class ConcertEndpoints
{
    public static IEndpointRouteBuilder MapConcerts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/concerts")
            .WithTags("concerts")
            .AddEndpointFilter<TimingFilter>();

        group.MapGet("/", () => Array.Empty<Concert>()).CacheOutput();

        group.MapGet("/{id:int}", (int id) => Results.Ok(new Concert(id, "Spring", new DateOnly(2024, 4, 1))))
            .WithName("GetConcert");

        group.MapPost("/", (Concert concert) => Results.CreatedAtRoute("GetConcert", new { id = concert.Id }, concert))
            .RequireAuthorization("conductor");

        group.MapPut("/{id:int}", (int id, Concert concert) => Results.NoContent())
            .RequireAuthorization(p => p.RequireRole("conductor", "secretary"));

        group.MapDelete("/{id:int}", Remove).RequireAuthorization("conductor");

        group.MapPost("/{id:int}/tickets", SellTicket).AddEndpointFilter<BoxOfficeFilter>();

        return routes;
    }

    private static IResult Remove(int id) => Results.NoContent();

    private static async Task<IResult> SellTicket(int id, HttpContext ctx)
    {
        using var reader = new StreamReader(ctx.Request.Body);
        var seat = await reader.ReadToEndAsync();
        return Results.Ok(new { id, seat });
    }
}

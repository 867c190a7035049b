namespace Choir.Security;

/// <summary>Box office terminals identify with a shared key.</summary>
public class BoxOfficeFilter(IConfiguration config) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext ctx, EndpointFilterDelegate next)
    {
        if (ctx.HttpContext.Request.Headers["X-Box-Office"] != config["BoxOffice:Key"])
        {
            return Results.Unauthorized();
        }
        return await next(ctx);
    }
}

public class TimingFilter(ILogger<TimingFilter> log) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext ctx, EndpointFilterDelegate next)
    {
        var start = DateTime.UtcNow;
        var result = await next(ctx);
        log.LogInformation("took {Ms}", (DateTime.UtcNow - start).TotalMilliseconds);
        return result;
    }
}

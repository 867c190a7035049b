using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Garden.Api.Filters;

/// <summary>Water meters send a fixed key in a header.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class MeterKeyAttribute : Attribute, IAsyncActionFilter
{
    public async Task OnActionExecutionAsync(ActionExecutingContext context, ActionExecutionDelegate next)
    {
        var expected = context.HttpContext.RequestServices.GetRequiredService<IConfiguration>()["Meter:Key"];
        if (!context.HttpContext.Request.Headers.TryGetValue("X-Meter-Key", out var given) || given != expected)
        {
            context.Result = new UnauthorizedResult();
            return;
        }
        await next();
    }
}

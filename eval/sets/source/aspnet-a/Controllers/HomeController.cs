using Microsoft.AspNetCore.Mvc;

namespace Garden.Api.Controllers;

public class HomeController : ControllerBase
{
    [HttpGet("/")]
    public string Index() => "garden";

    [HttpGet("/healthz")]
    [HttpHead("/healthz")]
    public IActionResult Health() => Ok();
}

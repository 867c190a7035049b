using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Garden.Api.Controllers;

[Authorize]
[Route("api/[controller]/[action]")]
public class MembersController : Controller
{
    private readonly IHttpClientFactory _clients;

    public MembersController(IHttpClientFactory clients)
    {
        _clients = clients;
    }

    [HttpPost]
    [AllowAnonymous]
    public IActionResult Login(string user) => Ok(new { user });

    [HttpGet]
    public IActionResult Profile() => Ok(User.Identity?.Name);

    [HttpGet("{year?}")]
    public IActionResult Invoices(int? year) => Ok(year);

    [HttpGet]
    public async Task<IActionResult> Weather()
    {
        var text = await _clients.CreateClient("weather").GetStringAsync("/v1/today");
        return Content(text);
    }
}

using Garden.Api.Filters;
using Garden.Api.Models;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Garden.Api.Controllers;

[ApiController]
[Route("api/[controller]")]
[Authorize]
public class PlotsController : ControllerBase
{
    private readonly PlotStore _store;

    public PlotsController(PlotStore store) => _store = store;

    [HttpGet]
    [AllowAnonymous]
    public IEnumerable<Plot> GetAll() => _store.All();

    [HttpGet("{id:int}", Name = "GetPlot"), AllowAnonymous]
    public ActionResult<Plot> Get(int id) => _store.Get(id) is { } p ? p : NotFound();

    [HttpPost]
    [Authorize(Policy = "Committee")]
    public IActionResult Create(Plot plot)
    {
        _store.Put(plot);
        return CreatedAtRoute("GetPlot", new { id = plot.Id }, plot);
    }

    [HttpPut("{id:int}")]
    public IActionResult Update(int id, [FromBody] Plot plot)
    {
        _store.Put(plot with { Id = id });
        return NoContent();
    }

    [HttpDelete]
    [Route("{id:int}")]
    [Authorize(Roles = "Chair")]
    public IActionResult Delete(int id)
    {
        _store.Delete(id);
        return NoContent();
    }

    [HttpPost("{id}/water"), AllowAnonymous, MeterKey]
    public IActionResult Water(int id, WaterReading reading) => Accepted(reading);

    [HttpGet("/api/map/{zoom:range(1,18)}")]
    [AllowAnonymous]
    public IActionResult Map(int zoom) => Ok(new { zoom });

    // [HttpGet("{id}/history")]
    // public IActionResult History(int id) => Ok();

    private void Log(string text) => Console.WriteLine(text);
}

namespace Garden.Api.Models;

public record Plot(int Id, string Name, int SquareMetres);

public record WaterReading(DateTime At, decimal Litres);

public class PlotStore
{
    private readonly List<Plot> _plots = new();

    public IEnumerable<Plot> All() => _plots;
    public Plot? Get(int id) => _plots.FirstOrDefault(p => p.Id == id);
    public void Delete(int id) => _plots.RemoveAll(p => p.Id == id);
    public void Put(Plot plot)
    {
        Delete(plot.Id);
        _plots.Add(plot);
    }
}

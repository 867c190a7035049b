class Api::V1::OrchardsController < Api::V1::BaseController
  skip_before_action :identify!, only: %i[index show]

  def index
    render json: Orchard.all
  end

  def show
    render json: orchard
  end

  def create
    render json: Orchard.create!(orchard_params), status: :created
  end

  def update
    orchard.update!(orchard_params)
    render json: orchard
  end

  def destroy
    orchard.destroy!
    head :no_content
  end

  def archive
    orchard.update!(archived: true)
    head :accepted
  end

  private

  def orchard
    @orchard ||= Orchard.find(params[:id])
  end

  def orchard_params
    params.require(:orchard).permit(:name, :hectares)
  end
end

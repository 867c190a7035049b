class Api::V1::Admin::PeopleController < Api::V1::BaseController
  before_action :foreman_only

  def index
    render json: Person.all
  end

  def create
    render json: Person.create!(person_params), status: :created
  end

  def update
    person = Person.find(params[:id])
    person.update!(person_params)
    render json: person
  end

  def destroy
    Person.find(params[:id]).destroy!
    head :no_content
  end

  private

  def foreman_only
    head :forbidden unless current_person.foreman?
  end

  def person_params
    params.require(:person).permit(:name, :handle)
  end
end

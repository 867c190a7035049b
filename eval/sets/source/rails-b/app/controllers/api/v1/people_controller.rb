class Api::V1::PeopleController < Api::V1::BaseController
  skip_before_action :identify!, except: [:me]

  def me
    render json: current_person
  end

  def show
    render json: Person.find_by!(handle: params[:handle]).slice(:handle, :name)
  end
end

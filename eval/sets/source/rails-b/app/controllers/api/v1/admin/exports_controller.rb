class Api::V1::Admin::ExportsController < Api::V1::BaseController
  def create
    ExportJob.perform_later(current_person.id)
    head :accepted
  end
end

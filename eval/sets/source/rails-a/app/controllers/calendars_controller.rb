class CalendarsController < ApplicationController
  open_to_visitors only: :show

  def show
    @year = params[:year] || Date.current.year
  end
end

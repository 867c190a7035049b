class PagesController < ApplicationController
  skip_before_action :require_login

  def home
    @walks = Walk.published.limit(5)
  end

  def about
  end
end
